/*
 * Corelight's Community ID, version 1, seed 0: one text for a connection, the same in both
 * directions and in every tool (github.com/corelight/community-id-spec). Pure; any thread.
 */
#pragma once

#include "base/addr.h"

#include <stdbool.h>
#include <stdint.h>

/* "1:", 28 characters of base64, terminator. */
#define CF_COMMUNITY_TEXT_BYTES 31

/*
 * Writes the id of (protocol, source, destination) into text. False, and "" in text, when addresses
 * are missing or of different families, or when the protocol has no ports in our records.
 */
bool cf_community_id(uint8_t ip_proto, const struct cf_addr *src, uint16_t src_port,
    const struct cf_addr *dest, uint16_t dest_port, char text[CF_COMMUNITY_TEXT_BYTES]);
