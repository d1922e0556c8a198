/*
 * Response codes as the words of the log (IANA "DNS RCODEs"); query types are names/rrtype.h's.
 * Pure functions; any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* "RCODE65535" and terminator fit. */
#define CF_DNS_WORD_BYTES 12

/* "NXDOMAIN", or "RCODE123"; writes into text and returns it. */
const char *cf_rcode_text(uint16_t rcode, char text[CF_DNS_WORD_BYTES]);
/* The number of a response code's word, 0..4095, or -1. */
int cf_rcode_number(const char *text, size_t len);
