/* Every name observed, as tab-separated text. */

#include "monitor/names_printer.h"

#include "monitor/message/decode_dns.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Rows remembered before the set grows; a power of two. */
#define FIRST_ROWS 1024U

struct cf_names_printer {
	FILE *out;
	enum cf_status status;
	uint64_t *rows; /* hashes of rows printed, 0 being free; open addressing */
	size_t size;    /* a power of two */
	size_t used;
};

/* FNV-1a: rows are few and short, and an attacker who collides two of them hides his own. */
static uint64_t hash_bytes(uint64_t hash, const void *data, size_t len)
{
	const uint8_t *bytes = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ bytes[i]) * UINT64_C(0x100000001b3);
	return hash;
}

/* Puts the hash in; false when it was there. There is always a free place. */
static bool put(uint64_t *rows, size_t size, uint64_t hash)
{
	size_t at = hash & (size - 1);

	while (rows[at] != 0) {
		if (rows[at] == hash)
			return false;
		at = (at + 1) & (size - 1);
	}
	rows[at] = hash;
	return true;
}

static void grow(struct cf_names_printer *printer)
{
	uint64_t *rows = calloc(printer->size * 2, sizeof *rows);

	if (rows == NULL) {
		printer->status = CF_ENOMEM;
		return;
	}
	for (size_t i = 0; i < printer->size; i++)
		if (printer->rows[i] != 0)
			(void)put(rows, printer->size * 2, printer->rows[i]); /* all differ */
	free(printer->rows);
	printer->rows = rows;
	printer->size *= 2;
}

/* Remembers the row; false when it was printed before. */
static bool is_new(struct cf_names_printer *printer, uint64_t hash)
{
	if (printer->used >= printer->size / 2)
		grow(printer);
	if (printer->used >= printer->size - 1)
		return true; /* no memory to remember it */
	if (!put(printer->rows, printer->size, hash | 1))
		return false;
	printer->used++;
	return true;
}

static void print_row(struct cf_names_printer *printer, const struct cf_endpoints *ends,
    const char *kind, const char *name)
{
	char client[CF_ADDR_TEXT_BYTES], server[CF_ADDR_TEXT_BYTES];
	uint64_t hash = UINT64_C(0xcbf29ce484222325);

	hash = hash_bytes(hash, &ends->client, sizeof ends->client);
	hash = hash_bytes(hash, &ends->server, sizeof ends->server);
	hash = hash_bytes(hash, &ends->server_port, sizeof ends->server_port);
	hash = hash_bytes(hash, kind, strlen(kind) + 1);
	hash = hash_bytes(hash, name, strlen(name));
	if (!is_new(printer, hash))
		return;
	if (fprintf(printer->out, "%s\t%s\t%u\t%s\t%s\n", cf_addr_format(&ends->client, client),
	        cf_addr_format(&ends->server, server), ends->server_port, kind, name) < 0)
		printer->status = CF_EIO;
}

/* Lower case, and nothing in it that could end the column or the line; cut to the room there is. */
static const char *clean(struct cf_slice name, char text[CF_NAME_TEXT_BYTES])
{
	size_t at = 0;

	for (size_t i = 0; i < name.len && at + 5 < CF_NAME_TEXT_BYTES; i++) {
		uint8_t c = name.data[i];

		if (c <= ' ' || c >= 0x7f || c == '\\')
			at += (size_t)snprintf(text + at, 5, "\\%03u", c);
		else
			text[at++] = (char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
	}
	text[at] = '\0';
	return text;
}

static struct cf_slice without_last_dot(struct cf_slice name)
{
	if (name.len > 1 && name.data[name.len - 1] == '.')
		name.len--;
	return name;
}

/* "name:port", "[v6]:port" or a bare name to what stands before the port. */
static struct cf_slice without_port(struct cf_slice host)
{
	const uint8_t *colon, *bracket;

	if (host.len > 0 && host.data[0] == '[') {
		bracket = memchr(host.data, ']', host.len);
		if (bracket != NULL)
			return (struct cf_slice){
			    .data = host.data + 1, .len = (size_t)(bracket - host.data) - 1};
	}
	colon = host.len == 0 ? NULL : memchr(host.data, ':', host.len);
	if (colon != NULL &&
	    memchr(colon + 1, ':', host.len - (size_t)(colon + 1 - host.data)) == NULL)
		host.len = (size_t)(colon - host.data);
	return host;
}

static void on_dns(
    void *context, const struct cf_packet *packet, const struct cf_dns_message *message)
{
	struct cf_dns_cursor cursor = cf_dns_start(message);
	char text[CF_NAME_TEXT_BYTES];
	uint16_t type, class;
	struct cf_name name;

	(void)packet;
	/* Multicast names are asked of nobody in particular. */
	if (message->kind != CF_DNS_UNICAST || message->response)
		return;
	while (cf_dns_question_next(message, &cursor, &name, &type, &class))
		if (name.label_count > 0) /* the root is everybody's parent, and says nothing */
			print_row(context, &message->ends, "dns", cf_name_format(&name, text));
}

static void on_hello(
    void *context, const struct cf_packet *packet, const struct cf_client_hello *hello)
{
	char text[CF_NAME_TEXT_BYTES];

	(void)packet;
	if (hello->has_sni)
		print_row(context, &hello->ends,
		    hello->transport == CF_TRANSPORT_QUIC ? "quic" : "tls",
		    clean(without_last_dot(hello->sni), text));
}

static void on_request(
    void *context, const struct cf_packet *packet, const struct cf_http_request *request)
{
	struct cf_slice host = without_last_dot(without_port(request->host));
	char text[CF_NAME_TEXT_BYTES];

	(void)packet;
	if (host.len > 0)
		print_row(
		    context, &request->ends, request->socks ? "socks" : "http", clean(host, text));
}

enum cf_status cf_names_printer_new(FILE *out, struct cf_names_printer **printer_out)
{
	struct cf_names_printer *printer = calloc(1, sizeof *printer);

	if (printer == NULL)
		return CF_ENOMEM;
	printer->rows = calloc(FIRST_ROWS, sizeof *printer->rows);
	if (printer->rows == NULL) {
		free(printer);
		return CF_ENOMEM;
	}
	printer->size = FIRST_ROWS;
	printer->out = out;
	*printer_out = printer;
	return CF_OK;
}

void cf_names_printer_free(struct cf_names_printer *printer)
{
	if (printer == NULL)
		return;
	free(printer->rows);
	free(printer);
}

struct cf_observer cf_names_printer_observer(struct cf_names_printer *printer)
{
	return (struct cf_observer){
	    .context = printer,
	    .dns = on_dns,
	    .client_hello = on_hello,
	    .http_request = on_request,
	};
}

void cf_names_printer_forget(struct cf_names_printer *printer)
{
	memset(printer->rows, 0, printer->size * sizeof *printer->rows);
	printer->used = 0;
}

enum cf_status cf_names_printer_status(const struct cf_names_printer *printer)
{
	return printer->status;
}
