/* Packs and channel of `curfew doctor`, and a line of what it prints. */

#include "cli/doctor/doctor_origin.h"

#include "base/instant.h"
#include "cli/front/term.h"
#include "report/render/safe.h"

#include <stdio.h>
#include <string.h>

void cli_doctor_line(const char *label, enum cf_known state, const char *text)
{
	static const enum cli_style styles[] = {CLI_YELLOW, CLI_RED, CLI_GREEN};
	static const char *const marks[] = {"?", "!", "ok"};

	char safe[CF_SAFE_TEXT_BYTES];

	(void)cf_safe_text(
	    text, strlen(text), safe, sizeof safe); /* names of files, an image's texts */
	printf("  %s%-2s%s %-9s %s\n", cli_term_style(stdout, styles[state]), marks[state],
	    cli_term_style(stdout, CLI_PLAIN), label, safe);
}

enum cf_known cli_doctor_good_if(bool good)
{
	return good ? CF_KNOWN_YES : CF_KNOWN_NO;
}

const char *cli_doctor_or_null(const char *text)
{
	return text[0] == '\0' ? NULL : text;
}

void cli_doctor_packs_print(const struct cf_doctor *d, int64_t at_wall_s)
{
	for (unsigned i = 0; i < d->pack_count; i++) {
		const struct cf_doctor_pack *pack = &d->packs[i];
		char text[512], age[160];

		(void)snprintf(text, sizeof text, "%s %s: %s%s%s%s", pack->name, pack->version,
		    cf_pack_age_format(&pack->age, at_wall_s, age, sizeof age),
		    pack->age.newer[0] == '\0' ? "" : "; ", pack->age.newer,
		    pack->age.newer[0] == '\0' ? "" : " was fetched, `curfew apply` compiles it");
		cli_doctor_line(
		    "pack", cli_doctor_good_if(!cf_pack_age_is_bad(&pack->age, at_wall_s)), text);
	}
}

void cli_doctor_packs_json(const struct cf_doctor *d, struct cli_json *json)
{
	cli_json_open_array(json, "packs");
	for (unsigned i = 0; i < d->pack_count; i++) {
		const struct cf_doctor_pack *pack = &d->packs[i];
		const struct cf_pack_age *age = &pack->age;

		cli_json_open_object(json, NULL);
		cli_json_text(json, "pack", pack->name);
		cli_json_text(json, "version", pack->version);
		cli_json_instant(
		    json, "as_of", age->as_of_wall_s == 0 ? INT64_MIN : age->as_of_wall_s);
		cli_json_instant(
		    json, "until", age->until_wall_s == 0 ? INT64_MIN : age->until_wall_s);
		cli_json_text(json, "fetched", cli_doctor_or_null(age->newer));
		cli_json_close_object(json);
	}
	cli_json_close_array(json);
}

void cli_doctor_channel_print(const struct cf_doctor *d)
{
	char text[512], until[CF_INSTANT_TEXT_BYTES], asked[CF_INSTANT_TEXT_BYTES];

	if (d->channel.channel[0] == '\0')
		return;
	(void)snprintf(text, sizeof text,
	    "%s serial %llu, good until %s, last heard of %s; %llu refused", d->channel.channel,
	    (unsigned long long)d->channel.serial,
	    cf_instant_format(d->channel.until_wall_s, until),
	    cf_instant_format(d->channel.asked_wall_s, asked),
	    (unsigned long long)d->channel.refused);
	cli_doctor_line("channel", d->channel_fresh, text);
}

void cli_doctor_channel_json(const struct cf_doctor *d, struct cli_json *json)
{
	const struct cf_channel_state *channel = &d->channel;

	if (channel->channel[0] == '\0') {
		cli_json_null(json, "channel");
		return;
	}
	cli_json_open_object(json, "channel");
	cli_json_text(json, "name", channel->channel);
	cli_json_number(json, "serial", (int64_t)channel->serial);
	cli_json_instant(json, "taken", channel->taken_wall_s);
	cli_json_instant(json, "until", channel->until_wall_s);
	cli_json_instant(json, "asked", channel->asked_wall_s);
	cli_json_number(json, "refused", (int64_t)channel->refused);
	cli_json_text(json, "last_refusal", cli_doctor_or_null(channel->refusal));
	cli_json_close_object(json);
}
