/* From frames to whoever wants to know. */

#include "tap/intake.h"

#include "base/limits.h"
#include "image/image.h"
#include "tap/balance.h"
#include "tap/roll.h"
#include "tap/tapped.h"

#include <stdio.h>
#include <stdlib.h>

#define US_PER_S         INT64_C(1000000)
#define DAY_US           (86400 * US_PER_S)
#define DNS_HEADER_BYTES 12U
#define CLASS_IN         1

struct cf_intake {
	struct cf_intake_options options;
	struct cf_tap_reader *reader;
	struct cf_tap_judge *judge;
	struct cf_tap_roll *roll;
	struct cf_tap_counts counts;
};

enum cf_status cf_intake_new(const struct cf_intake_options *options, struct cf_intake **intake_out)
{
	struct cf_intake *intake = calloc(1, sizeof *intake);

	if (intake == NULL)
		return CF_ENOMEM;
	intake->options = *options;
	if (cf_tap_reader_new(&intake->reader) != CF_OK ||
	    cf_tap_roll_new(options->producer, &intake->roll) != CF_OK ||
	    cf_tap_judge_new(options->producer, options->locality, options->seed, &intake->judge) !=
	        CF_OK) {
		cf_intake_free(intake);
		return CF_ENOMEM;
	}
	*intake_out = intake;
	return CF_OK;
}

void cf_intake_free(struct cf_intake *intake)
{
	if (intake == NULL)
		return;
	cf_tap_reader_free(intake->reader);
	cf_tap_judge_free(intake->judge);
	cf_tap_roll_free(intake->roll);
	free(intake);
}

void cf_intake_swap(struct cf_intake *intake, struct cf_watchlist *watchlist, int64_t now_wall_us)
{
	cf_tap_judge_swap(intake->judge, watchlist);
	cf_tap_roll_period(intake->roll,
	    watchlist == NULL ? 0 : cf_image_info(watchlist->image)->alive_s, now_wall_us);
}

void cf_intake_watch(struct cf_intake *intake, bool watches, int64_t now_wall_us)
{
	cf_tap_roll_watch(intake->roll, watches, now_wall_us);
}

/* When it was: the question's time where it is told, or else the answer's, or now. */
static int64_t instant_of(
    struct cf_intake *intake, const struct cf_tapped *tapped, int64_t now_wall_us)
{
	int64_t at_us =
	    tapped->asked_wall_us != 0 ? tapped->asked_wall_us : tapped->answered_wall_us;
	bool is_odd = at_us == 0 ||
	    (!intake->options.offline &&
	        (at_us > now_wall_us + DAY_US || at_us < now_wall_us - DAY_US));

	intake->counts.odd_times += is_odd;
	return is_odd ? now_wall_us : at_us;
}

/* BIND answers questions of class CH that it never told of. */
static bool is_internet(const struct cf_dns_message *message)
{
	struct cf_dns_cursor cursor = cf_dns_start(message);
	uint16_t type, class;
	struct cf_name name;

	return !cf_dns_question_next(message, &cursor, &name, &type, &class) || class == CLASS_IN;
}

static void take_client(struct cf_intake *intake, struct cf_balance *balance,
    const struct cf_tapped *tapped, int64_t at_wall_us, int64_t now_wall_us)
{
	struct cf_dns_message message = {
	    .kind = CF_DNS_UNICAST, .transport = tapped->transport, .ends = tapped->ends};
	bool is_read = cf_dns_message_read(tapped->message, &message) &&
	    message.response == (tapped->kind == CF_TAPPED_ANSWER);

	intake->counts.protocols += tapped->transport == CF_TRANSPORT_OTHER;
	intake->counts.malformed += !is_read;
	/* Also what a client sent that is no DNS: it is answered, too. */
	if (tapped->message.len >= DNS_HEADER_BYTES && (!is_read || is_internet(&message)))
		cf_balance_take(balance, tapped,
		    (uint16_t)(tapped->message.data[0] << 8 | tapped->message.data[1]),
		    now_wall_us);
	if (tapped->ends.client.family == CF_FAMILY_NONE) {
		intake->counts.no_client++;
		return;
	}
	cf_tap_roll_note(intake->roll, &tapped->ends.client, at_wall_us);
	if (is_read)
		cf_tap_judge_take(intake->judge, tapped, &message, at_wall_us);
}

enum cf_tapped_kind cf_intake_take(struct cf_intake *intake, struct cf_balance *balance,
    const uint8_t *payload, size_t len, int64_t now_wall_us, int64_t *at_out)
{
	struct cf_tap_counts *counts = &intake->counts;
	struct cf_tapped tapped;
	int64_t at_wall_us;

	counts->frames++;
	counts->bytes += len;
	if (cf_tapped_read(intake->reader, payload, len, &tapped) != CF_OK) {
		counts->malformed++;
		return CF_TAPPED_OTHER;
	}
	counts->questions += tapped.kind == CF_TAPPED_QUESTION;
	counts->answers += tapped.kind == CF_TAPPED_ANSWER;
	counts->upstream += tapped.kind == CF_TAPPED_UPSTREAM;
	counts->other += tapped.kind == CF_TAPPED_OTHER;
	if (tapped.kind != CF_TAPPED_QUESTION && tapped.kind != CF_TAPPED_ANSWER)
		return tapped.kind;
	at_wall_us = instant_of(intake, &tapped, now_wall_us);
	if (at_out != NULL)
		*at_out = at_wall_us;
	if (intake->options.offline) /* a file is watched from its first message on */
		cf_tap_roll_watch(intake->roll, true, at_wall_us);
	take_client(intake, balance, &tapped, at_wall_us,
	    intake->options.offline ? at_wall_us : now_wall_us);
	return tapped.kind;
}

void cf_intake_reap(struct cf_intake *intake, int64_t now_wall_us)
{
	cf_tap_judge_reap(intake->judge, now_wall_us);
	cf_tap_roll_tick(intake->roll, now_wall_us);
}

void cf_intake_flush(struct cf_intake *intake, int64_t now_wall_us)
{
	cf_tap_judge_flush(intake->judge);
	cf_tap_roll_watch(intake->roll, false, now_wall_us);
}

void cf_intake_counts(const struct cf_intake *intake, struct cf_tap_counts *counts_out)
{
	*counts_out = intake->counts;
	cf_tap_judge_stats(intake->judge, &counts_out->judged);
}

const char *cf_tap_counts_format(const struct cf_tap_counts *counts, char *text, size_t size)
{
	const struct {
		const char *key;
		uint64_t value;
	} members[] = {{"frames", counts->frames}, {"questions", counts->questions},
	    {"upstream", counts->upstream}, {"other", counts->other},
	    {"no_client", counts->no_client}, {"odd_times", counts->odd_times},
	    {"protocols", counts->protocols}, {"missing", counts->missing},
	    {"forwarded", counts->judged.forwarded}, {"again", counts->judged.again},
	    {"late", counts->judged.late}, {"answer_alone", counts->judged.answer_alone}};
	size_t at = (size_t)snprintf(text, size, "\"tap\":{");
	const char *comma = "";

	for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
		if (members[i].value == 0)
			continue;
		at += (size_t)snprintf(text + at, size - at, "%s\"%s\":%llu", comma, members[i].key,
		    (unsigned long long)members[i].value);
		comma = ",";
	}
	snprintf(text + at, size - at, "}");
	return text;
}
