/*
 * The ledger: an SQLite file that answers which hosts still depend on the vendor, derived from hit
 * logs and rebuildable from them (docs/FORMATS.md, "ledger").
 *
 * It holds sums only: counts and minutes per (day, sensor, endpoint, kind of hit), marks of who
 * used which address, and heartbeats. Sums do not care in which order logs come, so the same logs
 * give the same content whatever was killed, repeated or renamed in between. Hosts, states and
 * coverage are worked out from these sums when a report is made (ledger/model/model.h).
 *
 *   logs --> ingest --> batch (memory) --> one transaction: sums + positions --> file
 *   file + actions --> model: hosts, coverage, states --> report/
 *
 * One process writes at a time (a lock file beside the ledger); any number may read. A handle
 * belongs to one thread.
 */
#pragma once

#include "base/status.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "CfLg" in the header of the file, so that `file` and we tell it from other SQLite files. */
#define CF_LEDGER_APPLICATION_ID 0x43664c67

struct cf_ledger;

enum cf_ledger_mode {
	CF_LEDGER_READ,
	CF_LEDGER_WRITE, /* one at a time; creates the file when it is not there */
	CF_LEDGER_SHARE, /* as WRITE, to take shipments: in PostgreSQL others may at the same time
	                  */
	CF_LEDGER_RECREATE, /* as WRITE, but the old file's content is dropped first (rebuild) */
};

/* True for the address of a PostgreSQL: postgresql://... or postgres://... */
bool cf_ledger_is_address(const char *path);

struct cf_ledger_options {
	/* A file, or such an address, with #SCHEMA behind it for another one than "curfew". */
	const char *path;
	enum cf_ledger_mode mode;
	bool no_wait; /* another writer: CF_EAGAIN at once instead of waiting */
	/* The reader's clock, seconds since 1970, against which instants of logs are held; 0: the
	 * machine's when the ledger is opened. */
	int64_t now_wall_s;
	/* Called once before waiting for another writer (may be NULL). */
	void (*waiting)(void *arg);
	void *arg;
};

/*
 * Opens. When writing, the file is checked (quick_check, once a boot and after any change that is
 * not ours) and brought to the current version; a damaged file is renamed to PATH.damaged-TIME, a
 * new one is made and *set_aside_out (may be NULL) gets that name, which the caller frees. New
 * files have mode 0640: what is in them is about people.
 *
 * Reading changes nothing: of a ledger of an older version a private copy is brought to the current
 * one. Where the folder cannot be written, the reader needs LEDGER-wal and LEDGER-shm, which
 * writers leave there; without them it is read as it lies only if nobody can write meanwhile.
 *
 * CF_EAGAIN: another writer. CF_ENOTFOUND: nothing to read. CF_EVERSION: made by a newer curfew, or
 * not a ledger. CF_ECHECKSUM: damaged, and opened for reading. CF_EIO: read-only or full disk and
 * the like. *error says it for people.
 */
enum cf_status cf_ledger_open(const struct cf_ledger_options *options,
    struct cf_ledger **ledger_out, char **set_aside_out, struct cf_error *error) CF_MUST_CHECK;
void cf_ledger_close(struct cf_ledger *ledger);

/*
 * Puts the file at fresh_path, a ledger that was closed, in the place of this one, which is open
 * for writing and can only be closed afterwards. CF_EAGAIN: somebody has been reading it for
 * seconds. CF_EIO. On failure the old ledger is in its place as it was.
 */
enum cf_status cf_ledger_replace(
    struct cf_ledger *ledger, const char *fresh_path, struct cf_error *error) CF_MUST_CHECK;

/* The name of the ledger that a rebuild makes beside the one of this name. False: too long. */
bool cf_ledger_name_beside(const char *path, char *name, size_t size);
/* Removes all of the ledger of such a name, closed before; best effort: the next rebuild begins
 * anew in any case. */
void cf_ledger_discard(const char *path);

const char *cf_ledger_path(const struct cf_ledger *ledger);
/* The reader's clock when it was opened. */
int64_t cf_ledger_now_wall_s(const struct cf_ledger *ledger);
/* The reader's clock now, seconds since 1970; the options' where they gave one. */
int64_t cf_ledger_clock_s(const struct cf_ledger *ledger);

/* Rows that were read and found damaged, since it was opened; they were left out. */
uint64_t cf_ledger_bad_rows(const struct cf_ledger *ledger);
void cf_ledger_count_bad_row(struct cf_ledger *ledger);

/* Fills *error from the last failure of the engine on "what", and returns CF_EIO, CF_ENOMEM or
 * CF_ECHECKSUM. */
enum cf_status cf_ledger_fail(
    const struct cf_ledger *ledger, const char *what, struct cf_error *error);

/* Runs statements without results. */
enum cf_status cf_ledger_exec(
    struct cf_ledger *ledger, const char *sql, struct cf_error *error) CF_MUST_CHECK;

/*
 * Drops what is older than keep_days days before the newest day (0: keep all), then whole days,
 * oldest first, until the content takes no more than keep_bytes (0: any size), and gives the space
 * back. *days_out (may be NULL) is the number of days dropped.
 */
enum cf_status cf_ledger_retain(struct cf_ledger *ledger, uint32_t keep_days, uint64_t keep_bytes,
    uint32_t *days_out, struct cf_error *error) CF_MUST_CHECK;

/*
 * The content as text, sorted, numbers of rows resolved: two ledgers with the same content give the
 * same bytes. Each line goes to put(). This is what "the same ledger" means.
 */
enum cf_status cf_ledger_dump(struct cf_ledger *ledger,
    void (*put)(void *arg, const char *line, size_t len), void *arg,
    struct cf_error *error) CF_MUST_CHECK;
