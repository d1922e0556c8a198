/*
 * channel.yaml: whose images a sensor puts in force, instead of compiling a policy of its own.
 *
 *   channel: stable
 *   from: [https://policy.example.net/curfew/stable.img, file:/mnt/curfew/stable.img]
 *   keys: [RWQ..., {key: RWQ..., until: 2027-06-01T00:00:00Z}]
 *
 * Source: curfew-fetch(1), which explains each key to people. One thread.
 */
#pragma once

#include "compile/policy/policy.h"

struct cf_channel {
	const char *file;               /* as given to the reader */
	struct cf_policy_update source; /* source.pack: the channel's name */
	struct cf_policy_text_update *text;
};

/*
 * Reads the file at path. *channel_out is set on CF_OK only; free it with cf_channel_free().
 * CF_EIO, CF_EINVALID: with diags that have file, line and key; CF_ENOMEM.
 */
enum cf_status cf_channel_read(
    const char *path, struct cf_channel **channel_out, struct cf_diags *diags) CF_MUST_CHECK;

/* The same from len bytes of text; file is what problems call it, and outlives the channel. */
enum cf_status cf_channel_parse(const char *text, size_t len, const char *file,
    struct cf_channel **channel_out, struct cf_diags *diags) CF_MUST_CHECK;

void cf_channel_free(struct cf_channel *channel);
