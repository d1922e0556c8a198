/*
 * Brings a file into memory: from a path, a file: URL, or over https with libcurl, bounded in size
 * and time. What comes is a stranger's until its signature was checked.
 *
 * Over https certificates are verified, redirects are followed to https alone, at most five; an
 * ETag that came with the copy one has makes an unchanged file cost a header. Nothing else is sent,
 * no cookie, no user name of a URL. One call at a time in a thread.
 */
#pragma once

#include "base/status.h"
#include "trust/fetch_tag.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_fetch {
	/* Given. */
	const char *place;   /* a path, "file:..." or "https://..." */
	const char *ca_file; /* certificates to trust instead of the system's; NULL */
	size_t most_bytes;
	long timeout_s; /* of the whole transfer; one slower than 1 KiB/s for 30 s ends too */
	/* In and out: of the copy that is there, "" for none; of the one that came. */
	char tag[CF_FETCH_TAG_BYTES];
	/* Came. */
	bool unchanged; /* the server says that the tag still holds; no data then */
	uint8_t *data;  /* the caller's, to be freed */
	size_t len;
};

/*
 * CF_EIO: not there, not reachable, not verified, too slow; CF_ETOOBIG: over most_bytes;
 * CF_EINVALID: no such kind of place, or no regular file; CF_EUNSUPPORTED: built without libcurl;
 * CF_ENOMEM. *error says what and where; no data is left then.
 */
enum cf_status cf_fetch(struct cf_fetch *fetch, struct cf_error *error) CF_MUST_CHECK;
