#include "whack_answers.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

struct libreswan_text whack_recorded(const char *path)
{
        static char file[1 << 16];
        char whole[256];
        size_t length;
        FILE *f;

        snprintf(whole, sizeof(whole), "%s/%s", DATA, path);
        f = fopen(whole, "r");
        ck_assert_msg(f != NULL, "%s", whole);
        length = fread(file, 1, sizeof(file) - 1, f);
        fclose(f);
        ck_assert(length > 0 && length < sizeof(file) - 1);
        file[length] = '\0';
        return (struct libreswan_text){ file, length };
}

struct libreswan_text text(const char *words)
{
        return (struct libreswan_text){ words, strlen(words) };
}

void whack_take_totals(struct libreswan_rows *rows, struct libreswan_text answer)
{
        struct libreswan_text line;

        libreswan_begin_totals(rows);
        while (libreswan_next_line(&answer, &line))
                libreswan_take_total(rows, line);
        libreswan_end_totals(rows);
}
