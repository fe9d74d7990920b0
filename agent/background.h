/* Going into the background, so that who started the agent learns whether it could start. */
#ifndef IPSEC_REPORT_AGENT_BACKGROUND_H
#define IPSEC_REPORT_AGENT_BACKGROUND_H

/*
 * Forks. The parent waits until the child calls background_ready() and ends with 0, or ends with 1
 * when the child does. Returns in the child: the descriptor to tell the parent by, or a negative
 * errno when there was no fork. The working directory stays, since options may name files relative
 * to it.
 */
int background_enter(void);

/* In the child: all is well. Lets go of the terminal. -1: there is no parent waiting. */
void background_ready(int parent);

#endif
