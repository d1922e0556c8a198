#include "fleet/wire/head.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const whys[CF_HEAD_WHYS] = {"asked", "taken", "known", "hole", "fork"};

const char *cf_head_why_text(enum cf_head_why why)
{
	return whys[why];
}

size_t cf_head_format(const struct cf_fleet_head *head, char text[CF_HEAD_TEXT_BYTES])
{
	int len = snprintf(text, CF_HEAD_TEXT_BYTES,
	    "{\"v\":1,\"why\":\"%s\",\"seq\":%llu,\"sha256\":\"%s\"}\n",
	    cf_head_why_text(head->why), (unsigned long long)head->seq, head->sha256);

	return (size_t)len; /* fits: 128 bytes at most */
}

enum cf_status cf_head_parse(const char *text, size_t len, struct cf_fleet_head *head_out)
{
	char copy[CF_HEAD_TEXT_BYTES], again[CF_HEAD_TEXT_BYTES], why[8];
	struct cf_fleet_head head = {.seq = 0};
	unsigned long long seq;

	if (len >= sizeof copy || memchr(text, '\0', len) != NULL)
		return CF_EMALFORMED;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (sscanf(copy, "{\"v\":1,\"why\":\"%7[a-z]\",\"seq\":%19llu,\"sha256\":\"%64[0-9a-f]\"}",
	        why, &seq, head.sha256) != 3)
		return CF_EMALFORMED;
	head.seq = seq;
	for (head.why = CF_HEAD_ASKED; head.why < CF_HEAD_WHYS; head.why++)
		if (strcmp(whys[head.why], why) == 0)
			break;
	/* What is written again is the same: nothing else passed by. */
	if (head.why == CF_HEAD_WHYS || strlen(head.sha256) != CF_SHA256_TEXT_BYTES - 1 ||
	    cf_head_format(&head, again) != len || memcmp(again, copy, len) != 0)
		return CF_EMALFORMED;
	*head_out = head;
	return CF_OK;
}
