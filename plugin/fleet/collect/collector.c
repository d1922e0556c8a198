/* Starting and ending, and connections as libmicrohttpd has them. */

#include "fleet/collect/collector.h"

#include "fleet/collect/listen.h"
#include "fleet/collect/serve.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Path and head of a request, a proxy's certificate included. */
#define HEAD_BYTES (24u << 10)
/* A thread each: TLS takes the most, some 50 KiB. */
#define STACK_BYTES (256u << 10)
/* An idle connection: sensors come back in five minutes, and are not waited for. */
#define IDLE_S 20

static enum MHD_Result on_request(void *arg, struct MHD_Connection *connection, const char *path,
    const char *method, const char *version, const char *body, size_t *body_len, void **context)
{
	struct cf_collector *collector = arg;
	struct cf_request *request = *context;
	enum MHD_Result result;

	(void)version;
	if (request == NULL) {
		request = calloc(1, sizeof *request);
		*context = request; /* freed in on_end() */
		return request == NULL
		    ? MHD_NO
		    : cf_serve_begin(collector, connection, path, method, request);
	}
	if (*body_len > 0) {
		cf_serve_body(request, body, *body_len);
		*body_len = 0;
		return MHD_YES;
	}
	if (request->is_answered)
		return MHD_YES;
	cf_visitors_set_busy(&collector->visitors, cf_collector_visitor(connection), true);
	result = cf_serve_finish(collector, connection, request);
	request->is_answered = true;
	cf_visitors_set_busy(&collector->visitors, cf_collector_visitor(connection), false);
	return result;
}

static void on_end(void *arg, struct MHD_Connection *connection, void **context,
    enum MHD_RequestTerminationCode why)
{
	struct cf_collector *collector = arg;
	struct cf_request *request = *context;

	(void)why;
	cf_visitors_set_busy(&collector->visitors, cf_collector_visitor(connection), false);
	if (request == NULL)
		return;
	cf_serve_end(collector, request);
	*context = NULL;
}

static void on_connection(void *arg, struct MHD_Connection *connection, void **context,
    enum MHD_ConnectionNotificationCode what)
{
	struct cf_collector *collector = arg;
	const union MHD_ConnectionInfo *info;

	if (what == MHD_CONNECTION_NOTIFY_CLOSED) {
		cf_visitors_remove(&collector->visitors, *context);
		*context = NULL;
		return;
	}
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	*context = info == NULL ? NULL : cf_visitors_add(&collector->visitors, info->connect_fd);
}

/* A path is read as it came: names in it have their own escapes. */
static size_t leave_escaped(void *arg, struct MHD_Connection *connection, char *text)
{
	(void)arg;
	(void)connection;
	return strlen(text);
}

/* What it writes to standard error by itself is of no use to anybody here. */
static void drop_message(void *arg, const char *format, va_list args)
{
	(void)arg;
	(void)format;
	(void)args;
}

static struct MHD_Daemon *start_daemon(struct cf_collector *collector, int fd)
{
	const struct cf_collector_options *options = &collector->options;
	bool is_tls = options->names == CF_COLLECTOR_TLS;
	unsigned flags = MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION |
	    MHD_USE_POLL | MHD_USE_ITC | MHD_USE_ERROR_LOG | (is_tls ? MHD_USE_TLS : 0);
	const struct MHD_OptionItem tls[] = {
	    {MHD_OPTION_HTTPS_MEM_CERT, 0, (void *)(uintptr_t)options->certificate},
	    {MHD_OPTION_HTTPS_MEM_KEY, 0, (void *)(uintptr_t)options->key},
	    {MHD_OPTION_HTTPS_MEM_TRUST, 0, (void *)(uintptr_t)options->client_ca},
	    {MHD_OPTION_HTTPS_PRIORITIES, 0,
	        (void *)(uintptr_t) "NORMAL:-VERS-TLS1.0:-VERS-TLS1.1"},
	    {MHD_OPTION_END, 0, NULL},
	};
	const struct MHD_OptionItem none[] = {{MHD_OPTION_END, 0, NULL}};

	return MHD_start_daemon(flags, 0, NULL, NULL, on_request, collector,
	    MHD_OPTION_EXTERNAL_LOGGER, drop_message, NULL, MHD_OPTION_LISTEN_SOCKET, fd,
	    MHD_OPTION_CONNECTION_LIMIT, options->connections == 0 ? 1024 : options->connections,
	    MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
	    (size_t)HEAD_BYTES, MHD_OPTION_THREAD_STACK_SIZE, (size_t)STACK_BYTES,
	    MHD_OPTION_NOTIFY_COMPLETED, on_end, collector, MHD_OPTION_NOTIFY_CONNECTION,
	    on_connection, collector, MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL,
	    MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, is_tls ? tls : none, MHD_OPTION_END);
}

static unsigned port_of(int fd)
{
	struct sockaddr_storage address;
	socklen_t len = sizeof address;

	if (getsockname(fd, (struct sockaddr *)&address, &len) != 0)
		return 0;
	if (address.ss_family == AF_INET)
		return ntohs(((const struct sockaddr_in *)(const void *)&address)->sin_port);
	if (address.ss_family == AF_INET6)
		return ntohs(((const struct sockaddr_in6 *)(const void *)&address)->sin6_port);
	return 0;
}

static enum cf_status open_all(struct cf_collector *collector, struct cf_error *error)
{
	const struct cf_collector_options *options = &collector->options;
	bool is_local;
	int fd;
	enum cf_status status = cf_collect_listen(options->listen, &fd, &is_local, error);

	if (status != CF_OK)
		return status;
	if (options->names != CF_COLLECTOR_TLS && !is_local) {
		(void)close(fd); /* nothing was written */
		return cf_error_set(error, CF_EINVALID,
		    "'%.200s' is reached from other machines: only with TLS of its own (--cert) "
		    "may a "
		    "collector be; a proxy talks to 127.0.0.1 or a unix socket",
		    options->listen);
	}
	collector->port = port_of(fd);
	status = cf_group_new(&options->gate, &collector->group);
	if (status == CF_OK)
		collector->daemon = start_daemon(collector, fd);
	if (status == CF_OK && collector->daemon != NULL)
		return CF_OK;
	(void)close(fd); /* likewise */
	return cf_error_set(error, status == CF_OK ? CF_EINVALID : status,
	    options->names == CF_COLLECTOR_TLS
	        ? "libmicrohttpd does not start: certificate and key do not fit, or cannot be read"
	        : "libmicrohttpd does not start");
}

enum cf_status cf_collector_start(const struct cf_collector_options *options,
    struct cf_collector **collector_out, struct cf_error *error)
{
	struct cf_collector *collector = calloc(1, sizeof *collector);

	if (collector == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	collector->options = *options;
	cf_budget_init(&collector->budget,
	    options->memory_bytes == 0 ? (size_t)48 << 20 : options->memory_bytes);
	cf_visitors_init(&collector->visitors);
	enum cf_status status = open_all(collector, error);

	if (status != CF_OK) {
		cf_collector_stop(collector);
		return status;
	}
	*collector_out = collector;
	return CF_OK;
}

void cf_collector_tend(struct cf_collector *collector)
{
	unsigned seconds = collector->options.seconds;
	unsigned cut = cf_visitors_cut(&collector->visitors, seconds == 0 ? 60 : seconds);

	if (cut > 0 && cf_collector_may_tell(collector))
		cf_collector_say(collector, "%u clients were too slow, and cut off", cut);
}

void cf_collector_stop(struct cf_collector *collector)
{
	if (collector->daemon != NULL)
		MHD_stop_daemon(collector->daemon); /* waits for its threads */
	cf_group_free(collector->group);
	cf_visitors_done(&collector->visitors);
	cf_budget_done(&collector->budget);
	free(collector);
}

unsigned cf_collector_port(const struct cf_collector *collector)
{
	return collector->port;
}
