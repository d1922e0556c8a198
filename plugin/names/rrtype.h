/*
 * Resource record types as text and back: "AAAA" <-> 28, and TYPE65280 for those without a name
 * (RFC 3597). Pure functions; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* "TYPE65535" and terminator; every known mnemonic fits. */
#define CF_RRTYPE_TEXT_BYTES 16

/* False (output untouched) for unknown words. Case does not matter. */
bool cf_rrtype_parse(const char *text, uint16_t *type_out);

/* Writes the mnemonic or TYPEn and returns text. */
const char *cf_rrtype_format(uint16_t type, char text[CF_RRTYPE_TEXT_BYTES]);
