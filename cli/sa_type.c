#include "config.h"

#include "sa_type.h"

#include "text.h"

#include <ctype.h>

void sa_type_print_protocol(FILE *file, const struct ipsec_sa *sa)
{
        const char *label = label_of(ipsec_protocols, label_known(ipsec_protocols, sa->protocol));

        for (; *label; label++) {
                if (isupper((unsigned char)*label))
                        putc_unlocked(' ', file);
                putc_unlocked(toupper((unsigned char)*label), file);
        }
}

static void print_part(FILE *file, const char **before, const char *algorithm, const char *purpose)
{
        if (!algorithm)
                return;
        text_plain(file, *before);
        text_string(file, algorithm);
        text_plain(file, purpose);
        *before = " and ";
}

void sa_type_print(FILE *file, const struct ipsec_sa *sa)
{
        const char *before = " with ";

        sa_type_print_protocol(file, sa);
        print_part(file, &before, sa->encryption, " encryption");
        print_part(file, &before, sa->authentication, " authentication");
        print_part(file, &before, sa->compression, " compression");
}
