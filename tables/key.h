/* Keys made of names: what a table's index may hold of a text of any length. */
#ifndef IPSEC_REPORT_TABLES_KEY_H
#define IPSEC_REPORT_TABLES_KEY_H

/* The most octets that a key has: every OID stays below 128 sub-identifiers. */
#define KEY_MAX 48

/*
 * Writes the name itself; of a longer one 39 octets, "~" and 8 hexadecimal digits of its hash
 * (FNV-1a), so that names that begin alike have different keys, the same in every run.
 */
void key_of_name(const char *name, char key[KEY_MAX + 1]);

/*
 * The same for the second of two daemons that have this name: "@" and the daemon stand at its end,
 * for which a longer name is cut to 29 octets before "~" and the hash.
 */
void key_of_second_name(const char *name, const char *daemon, char key[KEY_MAX + 1]);

#endif
