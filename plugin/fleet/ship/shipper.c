#include "fleet/ship/shipper.h"

#include "base/array.h"
#include "fleet/ship/shipper_private.h"

#include <stdlib.h>
#include <string.h>

/* A store that is ahead of the log: a second shipper may just be faster. */
#define BEYOND_US (180 * CF_SHIP_SECOND)
/* Between two looks at what seems to be missing. */
#define LOOK_BACK_US (7 * CF_SHIP_SECOND / 10)

static struct cf_ship *ship_of(
    struct cf_shipper *shipper, size_t log, const struct cf_bundle_writer *name)
{
	struct cf_ship **ships, *ship;
	const struct cf_ship *other = NULL;

	for (size_t i = 0; i < shipper->ship_count; i++)
		if (cf_bundle_writer_equal(&shipper->ships[i]->told.name, name)) {
			if (shipper->ships[i]->log == log)
				return shipper->ships[i];
			other = shipper->ships[i];
		}
	if (other != NULL)
		cf_shipper_say(shipper,
		    "%s of %s writes two logs, '%s' and '%s', and they are one name: give one of "
		    "them "
		    "a name of its own (--sensor)",
		    name->source, name->sensor, cf_log_queue_path(shipper->logs[other->log].queue),
		    cf_log_queue_path(shipper->logs[log].queue));
	ships = cf_array_grow(
	    shipper->ships, shipper->ship_count, 1, &shipper->ship_size, sizeof(struct cf_ship *));
	if (ships != NULL)
		shipper->ships = ships;
	if (ships == NULL || cf_ship_new(name, log, &ship) != CF_OK)
		return NULL;
	ships[shipper->ship_count++] = ship;
	return ship;
}

static enum cf_status has(
    void *arg, const struct cf_bundle_writer *name, uint64_t seq, bool *has_out)
{
	struct cf_shipper *shipper = arg;
	struct cf_ship *ship = ship_of(shipper, shipper->asking, name);
	enum cf_status status = ship == NULL ? CF_ENOMEM : CF_OK;

	if (status == CF_OK && !ship->knows_head && !cf_ship_is_shut(ship))
		status = cf_shipper_ask_head(shipper, ship);
	if (status == CF_OK)
		*has_out = cf_ship_is_shut(ship) || ship->head.seq >= seq;
	return status;
}

static void cannot_read(
    struct cf_shipper *shipper, struct cf_ship_log *log, const struct cf_error *error)
{
	if (!log->is_told)
		cf_shipper_say(shipper, "%s; trying on", error->text);
	log->is_told = true;
	log->must_rewind = true;
	log->not_before_mono_us = cf_shipper_mono_us() + CF_SHIP_SECOND;
}

static enum cf_status rewind_log(struct cf_shipper *shipper, size_t index)
{
	struct cf_ship_log *log = &shipper->logs[index];
	struct cf_error error;

	for (size_t i = 0; i < shipper->ship_count; i++)
		if (shipper->ships[i]->log == index)
			cf_ship_forget_row(shipper->ships[i]);
	shipper->asking = index;
	enum cf_status status = cf_log_queue_rewind(log->queue, has, shipper, &error);

	if (status == CF_ENOMEM || status == CF_EAGAIN)
		return status;
	log->must_rewind = status != CF_OK;
	if (status != CF_OK)
		cannot_read(shipper, log, &error);
	return CF_OK;
}

/* A segment that does not hold, or one that is missing: said, for nothing else will. */
static void say_loss(struct cf_shipper *shipper, const struct cf_ship *ship,
    const struct cf_ship_writer *before, const struct cf_queued *queued)
{
	if (ship->told.broken > before->broken)
		cf_shipper_say(shipper,
		    "%s of %s: seal %llu does not hold: lines before it were changed, removed or "
		    "added; they are not sent, and the store has a gap there",
		    before->name.source, before->name.sensor,
		    (unsigned long long)queued->segment.seq);
	if (ship->told.lost > before->lost)
		cf_shipper_say(shipper,
		    "%s of %s: %llu seals up to %llu are not in the log any more and were never "
		    "sent: lost before shipping",
		    before->name.source, before->name.sensor,
		    (unsigned long long)(ship->told.lost - before->lost),
		    (unsigned long long)queued->segment.seq - 1);
}

/* Not at once: what was found may be a rotation under way. */
static void look_back(struct cf_ship_log *log)
{
	log->must_rewind = true;
	log->not_before_mono_us = cf_shipper_mono_us() + LOOK_BACK_US;
}

static enum cf_status take_queued(
    struct cf_shipper *shipper, size_t index, const struct cf_queued *queued)
{
	struct cf_ship *ship = ship_of(shipper, index, queued->writer);
	enum cf_status status = ship == NULL ? CF_ENOMEM : CF_OK;
	enum cf_ship_take take = CF_SHIP_SEND;

	if (status == CF_OK && !ship->knows_head && !cf_ship_is_shut(ship))
		status = cf_shipper_ask_head(shipper, ship);
	while (status == CF_OK && take == CF_SHIP_SEND && !cf_ship_is_shut(ship) &&
	    !shipper->logs[index].must_rewind) {
		const struct cf_ship_writer before = ship->told;

		status = cf_ship_take(ship, queued, cf_shipper_mono_us(), &take);
		if (status != CF_OK)
			return status;
		say_loss(shipper, ship, &before, queued);
		if (take == CF_SHIP_LOOK_BACK)
			look_back(&shipper->logs[index]);
		if (take == CF_SHIP_SEND || (take == CF_SHIP_ADDED && cf_ship_is_full(ship)))
			status = cf_shipper_send(shipper, ship);
	}
	return status;
}

/* All that is there of one log. */
static enum cf_status read_log(struct cf_shipper *shipper, size_t index)
{
	struct cf_ship_log *log = &shipper->logs[index];
	struct cf_queued queued;
	struct cf_error error;
	enum cf_status status = CF_OK;

	log->is_at_end = false;
	if (cf_shipper_mono_us() < log->not_before_mono_us)
		return CF_OK;
	if (log->must_rewind)
		status = rewind_log(shipper, index);
	while (status == CF_OK && !log->must_rewind && !cf_shipper_is_stopped(shipper)) {
		status = cf_log_queue_next(log->queue, &queued, &error);
		if (status == CF_OK)
			status = take_queued(shipper, index, &queued);
		else if (status == CF_EIO)
			cannot_read(shipper, log, &error);
		if (status == CF_OK)
			cf_shipper_report(shipper, false);
	}
	if (status == CF_ENOTFOUND && !log->must_rewind) {
		log->is_at_end = true;
		log->is_told = false;
	}
	return status == CF_ENOMEM || status == CF_EINVALID ? status : CF_OK;
}

static enum cf_status send_due(struct cf_shipper *shipper)
{
	const struct cf_shipper_options *options = shipper->options;
	unsigned seals = options->most_seals == 0 ? 16 : options->most_seals;
	unsigned wait_s = options->most_wait_s == 0 ? 300 : options->most_wait_s;
	int64_t now_us = cf_shipper_mono_us(), wall_us = cf_shipper_wall_us();
	enum cf_status status = CF_OK;

	for (size_t i = 0; i < shipper->ship_count && status == CF_OK; i++) {
		struct cf_ship *ship = shipper->ships[i];

		if (!cf_shipper_is_stopped(shipper) && ship->seals > 0 &&
		    (options->once || cf_ship_is_due(ship, seals, wait_s, now_us, wall_us)))
			status = cf_shipper_send(shipper, ship);
	}
	return status == CF_EAGAIN ? CF_OK : status;
}

/* What was refused is tried again; what the store has beyond the log is told. */
static void look_at_states(struct cf_shipper *shipper)
{
	int64_t now_us = cf_shipper_mono_us();

	for (size_t i = 0; i < shipper->ship_count; i++) {
		struct cf_ship *ship = shipper->ships[i];

		if (cf_ship_is_shut(ship) && now_us >= ship->shut_until_mono_us) {
			ship->shut_until_mono_us = 0;
			ship->knows_head = false;
			shipper->logs[ship->log].must_rewind = true;
		}
		if (cf_ship_is_shut(ship) || !shipper->logs[ship->log].is_at_end ||
		    ship->told.newest_seq == 0 || ship->head.seq <= ship->told.newest_seq) {
			ship->beyond_since_mono_us = 0;
			continue;
		}
		if (ship->beyond_since_mono_us == 0)
			ship->beyond_since_mono_us = now_us;
		if (ship->told.state == CF_SHIP_BEYOND ||
		    (!shipper->options->once && now_us - ship->beyond_since_mono_us < BEYOND_US))
			continue;
		ship->told.state = CF_SHIP_BEYOND;
		cf_shipper_say(shipper,
		    "%s of %s: the store has seal %llu, and the log ends at %llu: two machines of "
		    "one "
		    "name, a sensor put back to an older state, or a log begun anew; nothing is "
		    "sent",
		    ship->told.name.source, ship->told.name.sensor,
		    (unsigned long long)ship->head.seq, (unsigned long long)ship->told.newest_seq);
	}
}

/* With --once: whether there is nothing more to do. */
static bool is_over(const struct cf_shipper *shipper)
{
	for (size_t i = 0; i < shipper->options->log_count; i++)
		if ((!shipper->logs[i].is_at_end || shipper->logs[i].must_rewind) &&
		    !shipper->logs[i].is_told)
			return false;
	for (size_t i = 0; i < shipper->ship_count; i++)
		if (shipper->ships[i]->seals > 0)
			return false;
	return true;
}

/* Whether everything is there that can be. */
static bool is_all_sent(const struct cf_shipper *shipper)
{
	for (size_t i = 0; i < shipper->options->log_count; i++)
		if (shipper->logs[i].is_told)
			return false;
	return is_over(shipper);
}

static enum cf_status run(struct cf_shipper *shipper)
{
	enum cf_status status = CF_OK;

	while (status == CF_OK && !cf_shipper_is_stopped(shipper)) {
		for (size_t i = 0; i < shipper->options->log_count && status == CF_OK; i++)
			status = read_log(shipper, i);
		if (status == CF_OK)
			status = send_due(shipper);
		look_at_states(shipper);
		if (shipper->options->once && is_over(shipper))
			break;
		if (status == CF_OK)
			cf_shipper_pause(shipper);
	}
	return status;
}

/* With --once: whether all that could be sent was. */
static enum cf_status judge(const struct cf_shipper *shipper, struct cf_error *error)
{
	if (!shipper->options->once || (cf_shipper_is_stopped(shipper) && !shipper->gave_up))
		return CF_OK;
	for (size_t i = 0; i < shipper->ship_count; i++)
		if (shipper->ships[i]->told.state != CF_SHIP_GOES)
			return cf_error_set(error, CF_EAGAIN, "not everything was taken");
	return is_all_sent(shipper) ? CF_OK
	                            : cf_error_set(error, CF_EAGAIN, "not everything was sent");
}

enum cf_status cf_shipper_run(const struct cf_shipper_options *options, struct cf_error *error)
{
	struct cf_shipper *shipper = calloc(1, sizeof *shipper);
	enum cf_status status = CF_OK;

	if (shipper == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	shipper->options = options;
	if (options->log_count == 0 || options->log_count > CF_SHIP_LOGS)
		status = cf_error_set(error, CF_EINVALID, "give one to %d logs", CF_SHIP_LOGS);
	if (status == CF_OK)
		status = cf_carrier_new(&options->carrier, &shipper->carrier, error);
	for (size_t i = 0; i < options->log_count && status == CF_OK; i++) {
		shipper->logs[i].must_rewind = true;
		status = cf_log_queue_new(options->logs[i], options->stop, &shipper->logs[i].queue);
	}
	if (status == CF_OK)
		status = run(shipper);
	if (status == CF_ENOMEM)
		(void)cf_error_set(error, status, "no memory");
	if (status == CF_OK || status == CF_EAGAIN) {
		cf_shipper_report(shipper, true);
		status = judge(shipper, error);
	}
	for (size_t i = 0; i < options->log_count && i < CF_SHIP_LOGS; i++)
		cf_log_queue_free(shipper->logs[i].queue);
	for (size_t i = 0; i < shipper->ship_count; i++)
		cf_ship_free(shipper->ships[i]);
	free(shipper->ships);
	cf_carrier_free(shipper->carrier);
	free(shipper);
	return status;
}
