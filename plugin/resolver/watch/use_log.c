/* The module's hit log: where it is, who writes, what it is told of an image. */
#include "resolver/host/unbound.h"

#include "resolver/watch/use_log.h"

#include "resolver/query/hits.h"
#include "resolver/watch/health.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static void heartbeat(void *arg, struct cf_heartbeat *heartbeat)
{
	cf_health_heartbeat(arg, heartbeat);
}

/* On the log's thread. */
static void complain(void *arg, const char *text)
{
	(void)arg;
	log_warn("curfew: %s", text);
}

/* A line in Unbound's own log, as its rpz-log writes them. Runs on the log's thread. */
static void on_hit(void *arg, const struct cf_hit *hit, uint64_t count)
{
	struct cf_module *module = arg;
	char rule[CF_NAME_TEXT_BYTES], qname[CF_NAME_TEXT_BYTES], client[CF_ADDR_TEXT_BYTES];
	char type_text[16], again[32] = "";
	struct cf_name name;

	if (!atomic_load_explicit(&module->syslog, memory_order_relaxed) ||
	    hit->dns.qname_wire == NULL)
		return;
	if (cf_name_from_wire(hit->dns.qname_wire, CF_NAME_WIRE_BYTES, &name) != CF_OK)
		return;
	sldns_wire2str_type_buf(hit->dns.qtype, type_text, sizeof(type_text));
	if (count > 1)
		(void)snprintf(again, sizeof(again), " (%llu times)", (unsigned long long)count);
	log_info("curfew: applied [%s] %s %s %s@%u %s %s IN%s", hit->match.category,
	    hit->match.rule_wire != NULL ? cf_name_format_wire(hit->match.rule_wire, rule)
	                                 : hit->match.rule,
	    hit->dns.answer != NULL ? hit->dns.answer : cf_action_text(hit->action),
	    cf_addr_format(&hit->src, client), hit->src_port, cf_name_format(&name, qname),
	    type_text, again);
}

/* The sensor's name: unbound.conf's, else the policy's, else the host's. */
static const char *sensor_of(const struct cf_module *module, const struct cf_image_info *info,
    char host_name[HOST_NAME_MAX + 1])
{
	if (module->options.sensor != NULL)
		return module->options.sensor;
	if (info->sensor[0] != '\0')
		return info->sensor;
	if (gethostname(host_name, HOST_NAME_MAX + 1) != 0)
		(void)snprintf(host_name, HOST_NAME_MAX + 1, "resolver");
	host_name[HOST_NAME_MAX] = '\0';
	return host_name;
}

static void open_log(struct cf_module *module, const struct cf_image_info *info)
{
	const struct cf_options *options = &module->options;
	char host_name[HOST_NAME_MAX + 1];
	struct cf_error error = {.text = ""};
	struct cf_log_anchor anchor;
	struct cf_log *log = NULL;
	struct cf_log_options log_options = {
	    .path = options->log_path != NULL
	        ? options->log_path
	        : cf_options_inside(info->log_path, module->chroot_dir),
	    .sensor = sensor_of(module, info, host_name),
	    .source = "resolver",
	    .fold_s = options->has_fold ? options->fold_s : info->fold_s,
	    .privacy = info->privacy,
	    .privacy_key_file = cf_options_inside(info->privacy_key_file, module->chroot_dir),
	    .key_file = options->key_path,
	    .seal_log = options->keep_seals ? NULL : "/dev/log",
	    .heartbeat = heartbeat,
	    .complain = complain,
	    .on_hit = on_hit,
	    .expand = cf_hits_expand,
	    .arg = module,
	};

	if (log_options.path[0] == '\0') {
		log_warn("curfew: neither the policy nor unbound.conf names a log; hits are not "
		         "recorded");
		return;
	}
	if (cf_log_open(&log_options, &log, &error) != CF_OK) {
		log_err("curfew: cannot start the hit log: %s; hits are not recorded", error.text);
		return;
	}
	if (error.text[0] != '\0')
		log_err("curfew: %s; hits are kept and written when that is mended", error.text);
	cf_log_anchor(log, &anchor);
	if (anchor.signer.error[0] != '\0')
		log_info("curfew: seals of the hit log are not signed: %s", anchor.signer.error);
	atomic_store_explicit(&module->log, log, memory_order_release);
}

void cf_use_log(struct cf_module *module, const struct cf_image *image)
{
	const struct cf_image_info *info = cf_image_info(image);
	char digest[CF_SHA256_TEXT_BYTES];

	atomic_store(&module->syslog,
	    module->options.syslog < 0 ? info->syslog : module->options.syslog > 0);
	if (module->options.log_off)
		return;
	if (atomic_load(&module->log) == NULL)
		open_log(module, info);
	if (atomic_load(&module->log) != NULL)
		cf_log_configure(atomic_load(&module->log),
		    module->options.has_fold ? module->options.fold_s : info->fold_s,
		    cf_sha256_format(info->digest, digest), info->preset);
}
