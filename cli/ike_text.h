/* The lines that reports of IKE have in common. */
#ifndef CLI_IKE_TEXT_H
#define CLI_IKE_TEXT_H

/* Room for two texts of the module and what stands between them. */
enum { IKE_METHODS_SIZE = 2 * 255 + 2 };

/*
 * Gives how the two sides authenticate themselves: "PSK"; of sides that differ both, this machine's
 * first: "PSK/EAP-MSCHAPV2"; "" where neither is known.
 */
void ike_methods(const char *local, const char *remote, char methods[IKE_METHODS_SIZE]);

#endif
