#include "fleet/ship/ship_status.h"

#include "base/file_writer.h"
#include "records/form/json.h"

#include <string.h>
#include <unistd.h>

/* A line of the shipper's own, and one for each writer. */
#define STATUS_BYTES 32768
#define TEXT_BYTES   512

static void put_text(struct cf_json *json, const char *text)
{
	cf_json_string(json, text, strlen(text), TEXT_BYTES, false);
}

static void put_number(struct cf_json *json, const char *key, uint64_t number)
{
	cf_json_raw(json, key, strlen(key));
	cf_json_number(json, number);
}

static int64_t behind_s(const struct cf_ship_writer *writer, int64_t now_wall_us)
{
	if (writer->oldest_wall_us == 0 || writer->oldest_wall_us > now_wall_us)
		return 0;
	return (now_wall_us - writer->oldest_wall_us) / 1000000;
}

static void put_writer(struct cf_json *json, const struct cf_ship_writer *writer, int64_t now_us)
{
	CF_JSON_LITERAL(json, "{\"sensor\":");
	put_text(json, writer->name.sensor);
	CF_JSON_LITERAL(json, ",\"source\":");
	put_text(json, writer->name.source);
	CF_JSON_LITERAL(json, ",\"state\":");
	put_text(json, cf_ship_state_text(writer->state));
	put_number(json, ",\"shipped_seq\":", writer->shipped_seq);
	put_number(json, ",\"newest_seq\":", writer->newest_seq);
	put_number(json, ",\"behind_s\":", (uint64_t)behind_s(writer, now_us));
	put_number(json, ",\"bundles\":", writer->bundles);
	put_number(json, ",\"seals\":", writer->seals);
	put_number(json, ",\"lost\":", writer->lost);
	put_number(json, ",\"broken\":", writer->broken);
	CF_JSON_LITERAL(json, "}");
}

/* What all writers come to. */
struct sums {
	uint64_t lost, broken, refused, shipped_seq;
	int64_t oldest_us, behind_s;
};

static struct sums sum(const struct cf_ship_report *report, int64_t now_us)
{
	struct sums sums = {.oldest_us = 0};

	for (size_t i = 0; i < report->count; i++) {
		const struct cf_ship_writer *writer = report->writers[i];
		int64_t oldest_us = writer->oldest_wall_us, behind = behind_s(writer, now_us);

		sums.lost += writer->lost;
		sums.broken += writer->broken;
		sums.refused += writer->state != CF_SHIP_GOES;
		if (i == 0 || writer->shipped_seq < sums.shipped_seq)
			sums.shipped_seq = writer->shipped_seq;
		if (oldest_us != 0 && (sums.oldest_us == 0 || oldest_us < sums.oldest_us))
			sums.oldest_us = oldest_us;
		if (behind > sums.behind_s)
			sums.behind_s = behind;
	}
	return sums;
}

static void put_all(struct cf_json *json, const struct cf_ship_report *report, int64_t now_us)
{
	struct sums sums = sum(report, now_us);

	CF_JSON_LITERAL(json, "{\"v\":1,\"timestamp\":");
	cf_json_instant_us(json, now_us);
	put_number(json, ",\"pid\":", (uint64_t)getpid());
	CF_JSON_LITERAL(json, ",\"state\":");
	put_text(json, report->is_done ? "stopped" : "running");
	CF_JSON_LITERAL(json, ",\"collector\":");
	put_text(json, report->collector);
	CF_JSON_LITERAL(json, ",\"trouble\":");
	put_text(json, report->trouble);
	put_number(json, ",\"shipped_seq\":", sums.shipped_seq);
	put_number(json, ",\"behind_s\":", (uint64_t)sums.behind_s);
	put_number(json, ",\"unshipped_bytes\":", report->unshipped_bytes);
	if (sums.oldest_us != 0) {
		CF_JSON_LITERAL(json, ",\"oldest_unshipped\":");
		cf_json_instant_us(json, sums.oldest_us);
	}
	put_number(json, ",\"plain_bytes\":", report->plain_bytes);
	put_number(json, ",\"wire_bytes\":", report->wire_bytes);
	put_number(json, ",\"lost\":", sums.lost);
	put_number(json, ",\"broken\":", sums.broken);
	put_number(json, ",\"refused\":", sums.refused);
	CF_JSON_LITERAL(json, ",\"writers\":[");
	for (size_t i = 0; i < report->count; i++) {
		if (i > 0)
			CF_JSON_LITERAL(json, ",");
		put_writer(json, report->writers[i], now_us);
	}
	CF_JSON_LITERAL(json, "]}\n");
}

enum cf_status cf_ship_status_write(const char *path, const struct cf_ship_report *report,
    int64_t now_wall_us, struct cf_error *error)
{
	char text[STATUS_BYTES];
	struct cf_json json = cf_json_make(text, sizeof text);
	struct cf_file_writer writer;

	put_all(&json, report, now_wall_us);
	if (json.failed)
		return cf_error_set(
		    error, CF_EIO, "status of %zu writers has no room", report->count);
	enum cf_status status = cf_file_writer_open_as(&writer, path, CF_WRITE_UNSYNCED);

	if (status == CF_OK && fwrite(text, 1, cf_json_length(&json), writer.to) == 0)
		status = CF_EIO;
	return cf_file_writer_end(&writer, path, status, error);
}
