/*
 * Settings that come with unbound.conf. Unbound refuses options it does not know, but it hands
 * every dynlib-file line to nobody in particular: lines after the module's own that begin with
 * "curfew-" are ours.
 *
 *   dynlib:
 *     dynlib-file: "/usr/lib/x86_64-linux-gnu/unbound/curfew.so"
 *     dynlib-file: "curfew-image=/var/lib/curfew/curfew.img"
 *
 * Strings are owned copies: Unbound frees its own at a fast reload. Read once at init, constant
 * after.
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cf_options {
	char *image_path;  /* never NULL */
	char *log_path;    /* NULL: what the image says */
	char *status_path; /* NULL: beside the log */
	char *key_path;    /* of the sensor key; never NULL, "" for none */
	char *sensor;      /* NULL: what the image says, else the host name */
	bool log_off;      /* "curfew-log=none" */
	bool keep_seals;   /* "curfew-seals=none": they do not go to the system's log */
	int syslog;        /* -1: what the image says; 0 no, 1 yes */
	size_t lane_bytes; /* size of the private message cache */
	unsigned fold_s;
	bool has_fold;
	unsigned alive_s; /* so often who asked anything goes to the log; 0 never */
	bool has_alive;
	/* For tests only: added to the wall clock. A path is read again and again. */
	int64_t clock_offset_s;
	char *clock_file;
};

/* The defaults; CF_ENOMEM. Release with cf_options_done(), also after a failure. */
enum cf_status cf_options_init(struct cf_options *options) CF_MUST_CHECK;
void cf_options_done(struct cf_options *options);

/* True when line is one of ours ("curfew-..."). */
bool cf_options_is_ours(const char *line);

/*
 * Reads one line. chroot_dir (NULL or "" for none) is taken off the front of paths, as Unbound does
 * with its own. CF_EINVALID for a word or value that is not known - the rest stays as it was - with
 * the reason in *error; CF_ENOMEM.
 */
enum cf_status cf_options_read(struct cf_options *options, const char *line, const char *chroot_dir,
    struct cf_error *error) CF_MUST_CHECK;

/* path as it is seen inside the chroot: without chroot_dir in front. Points into path. */
const char *cf_options_inside(const char *path, const char *chroot_dir);

/* Reads clock_file, if there is one, into clock_offset_s. For tests only. */
void cf_options_reread_clock(struct cf_options *options);
