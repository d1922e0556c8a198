/*
 * DNS numbers as the words of the log: query types and response codes (IANA "DNS Parameters").
 * Pure functions; any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* "TYPE65535" and terminator fit. */
#define CF_DNS_WORD_BYTES 12

/* "A", "HTTPS", or "TYPE123" (RFC 3597); writes into text and returns it. */
const char *cf_qtype_text(uint16_t qtype, char text[CF_DNS_WORD_BYTES]);
/* "NXDOMAIN", or "RCODE123". */
const char *cf_rcode_text(uint16_t rcode, char text[CF_DNS_WORD_BYTES]);
/* The number of a response code's word, 0..4095, or -1. */
int cf_rcode_number(const char *text, size_t len);
