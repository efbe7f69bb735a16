/* Lintas for C, and for whatever calls C: a scanner at a gate, without a network.
 *
 * Texts are UTF-8 and end with a zero byte. What is returned as `char *` is the caller's, and goes back to lintas_text_free. Instants
 * are seconds since 1970 (UTC). Nothing here reads a clock, a file or the network. A scanner may pass between threads, and is used by
 * one at a time.
 *
 * A failure is JSON: {"code": "bundle_rolled_back", "detail": "...", "id": "...", "en": "..."}; codes are stable, see docs/CODES.md.
 */
#ifndef LINTAS_H
#define LINTAS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct lintas_scanner lintas_scanner;

/* A scanner that pins the root of bundles with this SHA-256 (64 hexadecimal digits). Null where that is none; `failure`, where it is
 * not null, then points to why. */
lintas_scanner *lintas_scanner_enrolled(const char *root, char **failure);

/* A scanner that remembers what lintas_scanner_memory gave. Null and `failure` as above. */
lintas_scanner *lintas_scanner_remembering(const char *memory, char **failure);

void lintas_scanner_free(lintas_scanner *scanner);

/* What is to be kept durably after every lintas_scanner_install, and every now and then: nothing older is accepted afterwards. */
char *lintas_scanner_memory(const lintas_scanner *scanner);

/* Uses a whole bundle that was kept. Null where it is in use, else the failure. */
char *lintas_scanner_load(lintas_scanner *scanner, const uint8_t *bundle, size_t length);

/* Uses a bundle that arrived at `at`, whole or following the one in use. Null where it is in use, else the failure, and then the
 * earlier one stays in use. */
char *lintas_scanner_install(lintas_scanner *scanner, const uint8_t *bundle, size_t length, int64_t at);

/* The whole bundle that the last lintas_scanner_install brought, to be kept before the memory; null where it was in use already. Lives
 * until the next install or free. */
const uint8_t *lintas_scanner_whole(const lintas_scanner *scanner, size_t *length);

/* What the scanner has, and how old that is at `at`: JSON. */
char *lintas_scanner_status(const lintas_scanner *scanner, int64_t at);

/* What is shown of the text of a code at `at`: JSON with `colour`, `symbol`, words and reasons in `id` and `en`, `code`, `name`,
 * `birth_year`, `data_age_s` and the `verdict`. `mode`, `sector` and `wilayah` say where the scanner stands, as the policy set names
 * it, and may be null. Whatever the code holds, there is an answer. */
char *lintas_scanner_scan(lintas_scanner *scanner, const char *code, int64_t at, const char *mode, const char *sector,
                          const char *wilayah);

void lintas_text_free(char *text);

#ifdef __cplusplus
}
#endif

#endif
