/* What the module says about itself. */
#include "resolver/host/unbound.h"

#include "resolver/watch/health.h"

#include "base/file_writer.h"
#include "base/instant.h"
#include "resolver/watch/roll_call.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct totals {
	uint64_t workers, replies, flagged, blocked, lane_queries, trips, failures, local_listed,
	    left_out;
};

static struct totals sum_up(struct cf_module *module)
{
	struct totals t = {.workers = 0};

	(void)pthread_mutex_lock(&module->lock);
	for (struct cf_worker *w = module->workers; w != NULL; w = w->next) {
		t.workers++;
		t.replies += atomic_load_explicit(&w->counters.replies, memory_order_relaxed);
		t.flagged += atomic_load_explicit(&w->counters.flagged, memory_order_relaxed);
		t.blocked += atomic_load_explicit(&w->counters.blocked, memory_order_relaxed);
		t.lane_queries +=
		    atomic_load_explicit(&w->counters.lane_queries, memory_order_relaxed);
		t.trips += atomic_load_explicit(&w->counters.trips, memory_order_relaxed);
		t.local_listed +=
		    atomic_load_explicit(&w->counters.local_listed, memory_order_relaxed);
		if (w->roll != NULL)
			t.left_out +=
			    atomic_load_explicit(&w->roll->left_out, memory_order_relaxed);
		t.failures += atomic_load_explicit(&w->counters.failures, memory_order_relaxed);
	}
	(void)pthread_mutex_unlock(&module->lock);
	return t;
}

/* Text that does not fit is left out, the object stays valid. */
static void add_raw(struct cf_health_json *j, const char *key, const char *value, size_t value_len)
{
	size_t need = strlen(key) + value_len + 5;

	if (need > sizeof(j->text) - j->len - 2)
		return;
	j->len += (size_t)sprintf(
	    j->text + j->len, "%s\"%s\":%.*s", j->len == 1 ? "" : ",", key, (int)value_len, value);
}

static void add_number(struct cf_health_json *j, const char *key, uint64_t value)
{
	char text[24];

	add_raw(
	    j, key, text, (size_t)snprintf(text, sizeof(text), "%llu", (unsigned long long)value));
}

static void add_bool(struct cf_health_json *j, const char *key, bool value)
{
	add_raw(j, key, value ? "true" : "false", value ? 4 : 5);
}

/* Paths and names of the configuration: bytes outside printable ASCII are written as \u00XX. */
static void add_text(struct cf_health_json *j, const char *key, const char *value)
{
	char text[1024];
	size_t len = 0;

	text[len++] = '"';
	for (; *value != '\0' && len < sizeof(text) - 8; value++) {
		uint8_t byte = (uint8_t)*value;

		if (byte < 0x20 || byte > 0x7e || byte == '"' || byte == '\\')
			len += (size_t)sprintf(text + len, "\\u%04x", byte);
		else
			text[len++] = *value;
	}
	text[len++] = '"';
	add_raw(j, key, text, len);
}

/* The watcher is the only writer of images, so this thread - or the main one without it - may read
 * on. */
static void add_image(struct cf_health_json *j, struct cf_module *module)
{
	const struct cf_images *images = atomic_load(&module->images);
	char text[CF_INSTANT_TEXT_BYTES];

	add_text(j, "image_path", module->options.image_path);
	add_bool(j, "image_in_force", images->active != NULL);
	add_bool(j, "image_coming", images->next != NULL);
	if (module->image_refused[0] != '\0')
		add_text(j, "image_refused", module->image_refused);
	if (images->active == NULL)
		return;
	add_text(j, "image", images->digest);
	add_text(
	    j, "image_built", cf_instant_format(cf_image_info(images->active)->built_wall_s, text));
	add_text(j, "vendor", cf_image_info(images->active)->vendor);
	add_text(j, "preset", cf_image_info(images->active)->preset);
	add_text(j, "policy_file", cf_image_info(images->active)->policy_file);
	add_number(j, "names", cf_image_info(images->active)->names);
	add_number(j, "networks", cf_image_info(images->active)->networks);
}

static void add_log(struct cf_health_json *j, struct cf_module *module, const char *path)
{
	struct cf_log *log = atomic_load(&module->log);
	struct cf_log_stats stats = {.hits = 0};

	if (log != NULL)
		cf_log_stats(log, &stats);
	add_text(j, "log", path == NULL ? "" : path);
	add_number(j, "hits", stats.hits);
	add_number(j, "lines", stats.lines);
	add_number(j, "lost", stats.lost_queue + stats.lost_disk + stats.lost_flood);
	add_number(j, "lost_queue", stats.lost_queue);
	add_number(j, "lost_disk", stats.lost_disk);
	add_number(j, "lost_flood", stats.lost_flood);
	add_bool(j, "degraded", stats.degraded);
}

/* Who signs the log's seals, and where they go. */
static void add_anchor(struct cf_health_json *j, struct cf_module *module)
{
	const struct cf_log *log = atomic_load_explicit(&module->log, memory_order_acquire);
	struct cf_log_anchor anchor;
	char text[CF_INSTANT_TEXT_BYTES];

	if (log == NULL)
		return;
	cf_log_anchor(log, &anchor);
	if (anchor.signer.id[0] != '\0')
		add_text(j, "key", anchor.signer.id);
	if (anchor.signer.error[0] != '\0')
		add_text(j, "key_error", anchor.signer.error);
	if (anchor.signed_seq > 0) {
		add_number(j, "signed_seq", anchor.signed_seq);
		add_text(j, "signed_at", cf_instant_format(anchor.signed_wall_us / 1000000, text));
	}
	if (!anchor.sends)
		add_text(j, "seal_log", "off");
	else
		add_text(j, "seal_log",
		    anchor.send_failure == 0 ? "syslog" : strerror(anchor.send_failure));
	if (anchor.unsent > 0)
		add_number(j, "seals_unsent", anchor.unsent);
}

static const char *log_path_of(struct cf_module *module)
{
	const struct cf_images *images = atomic_load(&module->images);

	if (module->options.log_off)
		return NULL;
	if (module->options.log_path != NULL)
		return module->options.log_path;
	if (images->active == NULL || cf_image_info(images->active)->log_path[0] == '\0')
		return NULL;
	return cf_options_inside(cf_image_info(images->active)->log_path, module->chroot_dir);
}

static void form(struct cf_module *module, struct cf_health_json *j)
{
	struct totals t = sum_up(module);
	struct timespec wall;
	char text[CF_INSTANT_TEXT_BYTES];

	(void)clock_gettime(CLOCK_REALTIME, &wall); /* cannot fail for this clock */
	j->text[0] = '{';
	j->len = 1;
	add_number(j, "v", 1);
	add_text(j, "written", cf_instant_format((int64_t)wall.tv_sec, text));
	add_text(j, "state", module->stopping ? "stopped" : "running");
	add_number(j, "pid", (uint64_t)getpid());
	add_text(j, "module_version", CF_VERSION);
	add_text(j, "unbound_version", PACKAGE_VERSION);
	add_bool(j, "module_matches", true); /* a module in a wrong host writes no status */
	add_image(j, module);
	add_log(j, module, log_path_of(module));
	add_anchor(j, module);
	add_number(j, "workers", t.workers);
	add_number(j, "replies", t.replies);
	add_number(j, "flagged", t.flagged);
	add_number(j, "blocked", t.blocked);
	add_number(j, "lane_queries", t.lane_queries);
	add_number(j, "lane_bytes", slabhash_get_mem(module->lane_cache));
	add_number(j, "trips", t.trips);
	add_number(j, "failures", t.failures);
	add_number(j, "local_listed", t.local_listed);
	add_number(j, "alive_s", module->roll_call->period_s);
	add_number(j, "left_out", t.left_out);
	add_number(j, "module_index", (uint64_t)module->id);
	add_text(j, "module_config", module->module_config);
	add_bool(j, "clock_held", atomic_load(&module->clock.back_mono_s) != 0);
	j->text[j->len++] = '}';
	j->text[j->len++] = '\n';
}

/* Replaces path by rename, so that no reader sees half a file. NULL, or why it could not. */
static const char *replace(const char *path, const char *text, size_t len)
{
	struct cf_file_writer writer;
	const char *why;

	if (cf_file_writer_open_as(&writer, path, CF_WRITE_UNSYNCED) != CF_OK)
		return cf_file_writer_why(&writer);
	if (fwrite(text, 1, len, writer.to) == len && cf_file_writer_commit(&writer) == CF_OK)
		return NULL;
	why = cf_file_writer_why(&writer);
	cf_file_writer_abandon(&writer);
	return why;
}

static void warn(void *arg, const char *text)
{
	(void)arg;
	log_warn("curfew: %s", text);
}

void cf_health_write(struct cf_module *module)
{
	static const struct cf_trouble_teller teller = {.say = warn};
	static const char what[] = "the status file";
	const char *path = module->options.status_path, *log_path = log_path_of(module), *why;
	struct cf_health_json j;
	struct timespec now;
	char beside[4096];

	if (path == NULL) {
		if (log_path == NULL ||
		    (size_t)snprintf(beside, sizeof(beside), "%s.status.json", log_path) >=
		        sizeof(beside))
			return;
		path = beside;
	}
	form(module, &j);
	why = replace(path, j.text, j.len);
	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail for this clock */
	if (why == NULL)
		cf_trouble_end(&module->status_trouble, &teller, what, path);
	else
		cf_trouble_begin(&module->status_trouble, &teller, (int64_t)now.tv_sec * 1000000,
		    what, path, why, "it is tried again every five seconds");
}

void cf_health_heartbeat(struct cf_module *module, struct cf_heartbeat *heartbeat)
{
	struct totals t = sum_up(module);
	struct cf_health_json *j = &module->heartbeat_json;

	heartbeat->queries = t.replies;
	/* Members of an object of their own, for which the braces are the log's. */
	j->text[0] = '{';
	j->len = 1;
	add_number(j, "blocked", t.blocked);
	add_number(j, "flagged", t.flagged);
	add_number(j, "lane", t.lane_queries);
	add_number(j, "trips", t.trips);
	add_number(j, "alive_s", module->roll_call->period_s);
	if (module->status_trouble.times > 0)
		add_number(j, "status_failed", module->status_trouble.times);
	j->text[j->len] = '\0';
	heartbeat->extra_json = j->text + 1;
}
