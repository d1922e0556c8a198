/*
 * The string section of an image while it grows: every text once, found by its offset. One owner,
 * one thread.
 */
#pragma once

#include "base/status.h"

#include <stddef.h>
#include <stdint.h>

struct cf_strings {
	char *bytes; /* "" first, each text with its terminator */
	size_t used, room;
	uint32_t *slots; /* open addressing: offset, or 0 for free */
	size_t slot_count, filled;
};

/* Caller's storage, zeroed; holds "" at offset 0 afterwards. CF_ENOMEM. */
enum cf_status cf_strings_init(struct cf_strings *strings) CF_MUST_CHECK;
void cf_strings_done(struct cf_strings *strings);

/* The offset of text (NULL: ""), adding it if it is new. CF_ENOMEM; CF_ETOOBIG over 4 GiB. */
enum cf_status cf_strings_add(
    struct cf_strings *strings, const char *text, uint32_t *at_out) CF_MUST_CHECK;
