/* What a shipper asks of collectors, and what comes of it. */

#include "fleet/ship/shipper_private.h"

#include "base/diag.h"
#include "fleet/wire/bundle_body.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Waits between tries: doubled from one second, each by chance a half shorter. */
#define MOST_WAIT_S 60
/* With --once: tries before giving up. */
#define ONCE_TRIES 6
/* What was refused is asked about again after this. */
#define SHUT_US (300 * CF_SHIP_SECOND)

/* None answered: waits, longer each time and never all sensors at once. */
static void wait_for_collectors(struct cf_shipper *shipper, const struct cf_error *error)
{
	unsigned wait_s = 1u << (shipper->failures < 6 ? shipper->failures : 6);
	uint32_t chance = UINT32_MAX;
	int64_t until_us;

	if (shipper->failures++ == 0)
		cf_shipper_say(shipper,
		    "no collector takes anything: %s; trying on, the log keeps it", error->text);
	(void)snprintf(shipper->trouble, sizeof shipper->trouble, "%s", error->text);
	if (shipper->options->once && shipper->failures >= ONCE_TRIES)
		shipper->gave_up = true;
	if (wait_s > MOST_WAIT_S)
		wait_s = MOST_WAIT_S;
	if (getrandom(&chance, sizeof chance, GRND_NONBLOCK) != sizeof chance)
		chance = UINT32_MAX; /* the whole wait */
	until_us = cf_shipper_mono_us() + wait_s * CF_SHIP_SECOND / 2 +
	    (int64_t)((uint64_t)chance * (uint64_t)(wait_s * CF_SHIP_SECOND / 2) >> 32);
	while (!cf_shipper_is_stopped(shipper) && cf_shipper_mono_us() < until_us)
		cf_shipper_pause(shipper);
}

static void note_answer(struct cf_shipper *shipper, const struct cf_carried *carried)
{
	if (shipper->failures > 0)
		cf_shipper_say(shipper, "'%s' answers again", carried->url);
	shipper->failures = 0;
	shipper->trouble[0] = '\0';
	shipper->collector = carried->url;
}

/* A request until somebody answers it, or CF_EAGAIN when told to stop. */
static enum cf_status ask(struct cf_shipper *shipper, const char *path, const uint8_t *body,
    size_t len, struct cf_carried *carried)
{
	while (!cf_shipper_is_stopped(shipper)) {
		struct cf_error error;

		if (cf_carrier_send(shipper->carrier, path, body, len, carried, &error) == CF_OK) {
			note_answer(shipper, carried);
			return CF_OK;
		}
		wait_for_collectors(shipper, &error);
	}
	return CF_EAGAIN;
}

/* Nothing more of this writer for a while; told once a while, too. */
static void shut(struct cf_shipper *shipper, struct cf_ship *ship, enum cf_ship_state state,
    const char *url, const char *why, size_t why_len)
{
	char name[2 * CF_SEAL_SENSOR_BYTES], text[CF_CARRIED_BYTES];

	ship->told.state = state;
	ship->shut_until_mono_us = cf_shipper_mono_us() + SHUT_US;
	cf_ship_drop(ship);
	cf_shipper_say(shipper,
	    "%s of %s: '%s' says: %s; asked again in %d minutes, the log keeps it",
	    cf_quote(ship->told.name.source, strlen(ship->told.name.source), name, sizeof name),
	    ship->told.name.sensor, url, cf_quote(why, why_len, text, 300),
	    (int)(SHUT_US / CF_SHIP_SECOND / 60));
}

enum cf_status cf_shipper_ask_head(struct cf_shipper *shipper, struct cf_ship *ship)
{
	char path[CF_BUNDLE_PATH_BYTES];
	struct cf_carried carried;
	struct cf_fleet_head head;

	if (!cf_head_path_format(&ship->told.name, path))
		return CF_EINVALID;
	enum cf_status status = ask(shipper, path, NULL, 0, &carried);

	if (status != CF_OK)
		return status;
	if (carried.code == 200 && cf_head_parse(carried.text, carried.len, &head) == CF_OK)
		cf_ship_set_head(ship, &head);
	else
		shut(shipper, ship, CF_SHIP_REFUSED, carried.url, carried.text, carried.len);
	return CF_OK;
}

static const char fork_text[] =
    "it has another seal of that number: two machines or two monitors of one name, a sensor put "
    "back to an older state, or a log begun anew";

/* What the store said to a bundle. */
static void take_answer(
    struct cf_shipper *shipper, struct cf_ship *ship, const struct cf_carried *carried, size_t wire)
{
	struct cf_fleet_head head;
	bool is_head = cf_head_parse(carried->text, carried->len, &head) == CF_OK;

	if (carried->code == 200 && is_head && head.seq >= ship->name.to_seq) {
		ship->told.bundles++;
		ship->told.seals += ship->seals;
		ship->told.state = CF_SHIP_GOES;
		shipper->plain_bytes += ship->len;
		shipper->wire_bytes += wire;
		cf_ship_set_head(ship, &head);
	} else if (carried->code == 409 && is_head && head.why == CF_HEAD_FORK) {
		shut(shipper, ship, CF_SHIP_FORKED, carried->url, fork_text, sizeof fork_text - 1);
	} else if (carried->code == 409 && is_head) {
		cf_ship_set_head(ship, &head);
		shipper->logs[ship->log].must_rewind = true;
	} else {
		shut(shipper, ship, CF_SHIP_REFUSED, carried->url, carried->text, carried->len);
	}
}

/* Until it is taken or refused. CF_EAGAIN: told to stop. */
enum cf_status cf_shipper_send(struct cf_shipper *shipper, struct cf_ship *ship)
{
	char path[CF_BUNDLE_PATH_BYTES];
	struct cf_carried carried;
	uint8_t *packed;
	size_t len;
	enum cf_status status = cf_bundle_body_pack(ship->lines, ship->len, &packed, &len);

	if (status == CF_ETOOBIG || !cf_bundle_path_format(&ship->name, path)) {
		static const char why[] = "one segment is larger than a bundle may be";

		shut(shipper, ship, CF_SHIP_REFUSED, "", why, sizeof why - 1);
		if (status == CF_OK)
			free(packed);
		return CF_OK;
	}
	if (status != CF_OK)
		return status;
	status = ask(shipper, path, packed, len, &carried);
	free(packed);
	if (status == CF_OK)
		take_answer(shipper, ship, &carried, strlen(path) + len);
	return status;
}

bool cf_ship_is_shut(const struct cf_ship *ship)
{
	return ship->shut_until_mono_us > 0;
}
