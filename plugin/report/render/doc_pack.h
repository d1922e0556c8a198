/*
 * Tables of a page, column by column and small: most of what a row of hosts says is what the row
 * before said. page.js has the way back; docs/FORMATS.md, "The page's tables", the rules.
 *
 * Nothing here allocates longer than the call. One thread.
 */
#pragma once

#include "report/render/doc.h"

#include <stddef.h>
#include <stdio.h>

/* Bytes as a string of JSON that may stand in an HTML element: no "<", so no end tag and no comment
 * can begin. */
void cf_doc_put_string(FILE *to, const char *bytes, size_t len);
/* A text, made safe, as such a string. */
void cf_doc_put_text(FILE *to, const char *text);

/* '"count":N,"packed":[...]', a value for each column. CF_ENOMEM. */
enum cf_status cf_doc_pack(const struct cf_doc_table *table, FILE *to) CF_MUST_CHECK;
