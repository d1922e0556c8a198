/*
 * Foreign text made harmless: host names, SNI, User-Agents and the like are written by strangers.
 * Every renderer passes every text through here before its own quoting. Pure; any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/* The longest text is CF_LEDGER_TEXT_BYTES or a note; escaped at most four times as long. */
#define CF_SAFE_TEXT_BYTES 8192

/*
 * Copies text to out as clean UTF-8, terminated, at most size bytes: control characters, bytes that
 * are no UTF-8, and characters that reorder or hide text (bidirectional overrides, zero width)
 * become \xNN for each byte. What does not fit is cut and ends in "...". Returns the length.
 */
size_t cf_safe_text(const char *text, size_t len, char *out, size_t size);

/*
 * Writes text, made safe, in double quotes with a backslash before quotes and backslashes: a string
 * of JSON, and a label's value of the Prometheus text format, which agree on this much.
 */
void cf_safe_quote(FILE *to, const char *text);

/* True for text that a spreadsheet would take for a formula. */
bool cf_safe_is_formula(const char *text);
