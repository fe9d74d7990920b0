#include "audit_entity.h"

#include <string.h>

/* The programs that are IKE daemons, by the ends of their paths. */
static const char *const daemons[] = {
        "charon", "charon-systemd", "charon-nm", "charon-cmd", "charon-tkm",
        "pluto",  "iked",           "racoon",    "isakmpd",    NULL,
};

static bool is_program(const struct audit_record *record, const char *name)
{
        const char *slash = record->program ? strrchr(record->program, '/') : NULL;

        return record->program && strcmp(slash ? slash + 1 : record->program, name) == 0;
}

static bool begins(const struct audit_record *record, const char *word)
{
        return strncmp(record->operation, word, strlen(word)) == 0;
}

static bool is_kernel_event(const struct event *event)
{
        return event->entity == ENTITY_KERNEL;
}

static bool is_kernel_record(const struct audit_record *record)
{
        return record->entity == ENTITY_KERNEL;
}

static bool is_ike_event(const struct event *event)
{
        return event->entity == ENTITY_IKE;
}

static bool is_ike_record(const struct audit_record *record)
{
        for (const char *const *name = daemons; *name; name++)
                if (is_program(record, *name))
                        return true;
        return false;
}

static bool is_policy_event(const struct event *event)
{
        return event->entity == ENTITY_POLICY;
}

static bool is_policy_record(const struct audit_record *record)
{
        return record->entity == ENTITY_POLICY;
}

static bool is_agent_event(const struct event *event)
{
        return event->entity == ENTITY_AGENT;
}

static bool is_agent_record(const struct audit_record *record)
{
        return is_program(record, "ipsec-reportd");
}

static bool is_packet_event(const struct event *event)
{
        switch (event->kind) {
        case EVENT_INTEGRITY_FAILURES:
        case EVENT_REPLAY_FAILURES:
        case EVENT_PACKET_WITHOUT_SA:
        case EVENT_DROPS_ROSE:
                return true;
        default:
                return false;
        }
}

static bool is_packet_record(const struct audit_record *record)
{
        return begins(record, "SA-");
}

static bool is_sad_event(const struct event *event)
{
        return event->entity == ENTITY_KERNEL && !is_packet_event(event) &&
               event->kind != EVENT_AUDIT_RECORD;
}

static bool is_sad_record(const struct audit_record *record)
{
        return begins(record, "SAD-");
}

static const struct audit_entity entities[] = {
        { "kernel", is_kernel_event, is_kernel_record },
        { "ike", is_ike_event, is_ike_record },
        { "policy", is_policy_event, is_policy_record },
        { "agent", is_agent_event, is_agent_record },
        { "sad", is_sad_event, is_sad_record },
        { "spd", is_policy_event, is_policy_record },
        { "packet", is_packet_event, is_packet_record },
        { "daemon", is_ike_event, is_ike_record },
};

const struct audit_entity *audit_entity_find(const char *name)
{
        for (size_t i = 0; i < sizeof(entities) / sizeof(entities[0]); i++)
                if (strcmp(entities[i].name, name) == 0)
                        return &entities[i];
        return NULL;
}

const char *audit_entity_names(void)
{
        return "kernel, ike, policy, agent, sad, spd, packet, daemon";
}
