/*
 * A line a sensor: is it heard of, is what it has here, which image decides there, what was lost,
 * and is its chain one. Read from the sums alone, without a model, so that it costs the same
 * however long the ledger is. One thread.
 */
#pragma once

#include "ledger/store/ledger.h"
#include "report/render/doc.h"

#include <stdbool.h>

struct cf_fleet_options {
	int64_t at_wall_s;
	uint32_t silent_s;  /* heard of nothing for longer: silent */
	uint32_t lost_days; /* losses of so many days count */
	uint32_t clock_s;   /* a clock may be ahead of this machine's by this */
};

/* Two minutes for clocks, a quarter of an hour for a shipment each five minutes, a fortnight. */
#define CF_FLEET_CLOCK_S   120
#define CF_FLEET_SILENT_S  900
#define CF_FLEET_LOST_DAYS 14

/* Bits of what is wrong with a sensor. */
enum cf_fleet_trouble {
	CF_FLEET_SILENT = 1,
	CF_FLEET_FORKED = 2,       /* another chain under its name was refused */
	CF_FLEET_UNSHIPPED = 4,    /* lines were gone on the sensor before they were shipped */
	CF_FLEET_LOSING = 8,       /* records or packets lost */
	CF_FLEET_OTHER_IMAGE = 16, /* than most sensors of its kind */
	CF_FLEET_CLOCK_AHEAD = 32,
};

/* Zero and "": not known. Texts live as long as the fleet. */
struct cf_fleet_sensor {
	const char *name, *source, *site;
	int64_t last_wall_s;  /* of the newest seal; of the newest day without any */
	int64_t behind_s;     /* from there to the instant asked for, not below 0 */
	bool ships;           /* to a collector; else its files are read */
	uint64_t shipped_seq; /* the newest seal that was taken */
	uint64_t lost, unshipped, forks;
	int64_t fork_wall_s;
	int64_t
	    ahead_s; /* its clock's seal against the moment it was taken here; below 0: behind */
	const char *image, *version;
	int64_t image_wall_s; /* said since */
	const char *planned;  /* why its silence was expected; NULL: it was not */
	unsigned trouble;
};

struct cf_fleet;

/* CF_EIO, CF_ENOMEM, CF_ECHECKSUM (of the ledger, or of what people said). */
enum cf_status cf_fleet_read(struct cf_ledger *ledger, const struct cf_fleet_options *options,
    struct cf_fleet **fleet_out, struct cf_error *error) CF_MUST_CHECK;
void cf_fleet_free(struct cf_fleet *fleet);

/* Sorted by name, then source. */
size_t cf_fleet_sensors(const struct cf_fleet *fleet, const struct cf_fleet_sensor **sensors_out);
/* What was asked. */
const struct cf_fleet_options *cf_fleet_options(const struct cf_fleet *fleet);
/* How many have trouble. */
size_t cf_fleet_troubled(const struct cf_fleet *fleet);

/* The document; NULL without memory. It does not outlive the fleet. */
struct cf_doc *cf_fleet_doc(const struct cf_fleet *fleet);
/* Series for Prometheus' text format, one a sensor and figure. */
void cf_fleet_metrics(const struct cf_fleet *fleet, FILE *to);
