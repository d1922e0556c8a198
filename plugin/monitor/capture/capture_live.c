/* libpcap, and the socket options that it has no name for. */

#include "monitor/capture/capture_live.h"

#include "monitor/capture/nflog.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/* GRO merges segments up to 64 KiB into one frame; a shorter snap length would cut handshakes. */
#define SNAP_BYTES 65535
/* How long the kernel holds back a block of the ring that is not full. */
#define RETIRE_MS 100
/* Packets handed over in one call: enough to amortise, few enough to look up from. */
#define READ_PACKETS 4096

struct cf_capture {
	pcap_t *pcap;
	int link_type;
	bool promiscuous;
	int index; /* of the interface when it was opened; 0: there is none, as of `any` */
	char interface[64];
	struct cf_nflog nflog;                 /* of a link type DLT_NFLOG */
	uint32_t last_drops, last_iface_drops; /* libpcap counts in 32 bits */
	struct cf_capture_stats stats;
	cf_capture_packet *packet;
	void *arg;
};

static enum cf_status fail(
    struct cf_error *error, const struct cf_capture *capture, const char *what, const char *why)
{
	return cf_error_set(error, CF_EIO, "cannot %s '%s': %s", what, capture->interface, why);
}

/* Asks the kernel about the interface that has this name now, through the capture's own socket: in
 * its network namespace, and allowed in the sandbox. */
static bool ask(const struct cf_capture *capture, unsigned long what, struct ifreq *request)
{
	size_t len = strlen(capture->interface);

	*request = (struct ifreq){.ifr_ifindex = 0};
	if (len >= sizeof request->ifr_name)
		return false;
	memcpy(request->ifr_name, capture->interface, len);
	return ioctl(pcap_fileno(capture->pcap), what, request) == 0;
}

/* The kernel's number of it; 0: there is none. */
static int index_of(const struct cf_capture *capture)
{
	struct ifreq request;

	return ask(capture, SIOCGIFINDEX, &request) ? request.ifr_ifindex : 0;
}

const char *cf_link_text(enum cf_link link)
{
	static const char *const texts[] = {[CF_LINK_UP] = "up",
	    [CF_LINK_NO_CARRIER] = "no_carrier",
	    [CF_LINK_DOWN] = "down",
	    [CF_LINK_GONE] = "gone"};

	return texts[link];
}

enum cf_link cf_capture_link(const struct cf_capture *capture)
{
	struct ifreq request;

	if (capture->index == 0)
		return CF_LINK_UP;
	if (index_of(capture) != capture->index || !ask(capture, SIOCGIFFLAGS, &request))
		return CF_LINK_GONE;
	if ((request.ifr_flags & IFF_UP) == 0)
		return CF_LINK_DOWN;
	/* IFF_RUNNING is the operational state (RFC 2863): a cable, and somebody at its end. */
	return (request.ifr_flags & IFF_RUNNING) != 0 ? CF_LINK_UP : CF_LINK_NO_CARRIER;
}

/* Fanout: the first member lets the kernel choose a free group, the others join it. */
static enum cf_status join_fanout(
    struct cf_capture *capture, const struct cf_capture_options *options, struct cf_error *error)
{
	int fd = pcap_fileno(capture->pcap);
	uint32_t mode = PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_DEFRAG, value;
	socklen_t size = sizeof value;

	if (options->fanout_count < 2)
		return CF_OK;
	if (options->fanout_index == 0) {
		value = (mode | PACKET_FANOUT_FLAG_UNIQUEID) << 16;
		if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &value, sizeof value) != 0 ||
		    getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &value, &size) != 0)
			return fail(error, capture, "share", strerror(errno));
		*options->fanout_group = (uint16_t)value;
		return CF_OK;
	}
	value = mode << 16 | *options->fanout_group;
	if (setsockopt(fd, SOL_PACKET, PACKET_FANOUT, &value, sizeof value) != 0)
		return fail(error, capture, "share", strerror(errno));
	return CF_OK;
}

/* Warnings of pcap_activate() are no failures: no promiscuous mode on `any`, say. */
static enum cf_status activate(
    struct cf_capture *capture, const struct cf_capture_options *options, struct cf_error *error)
{
	pcap_t *pcap = capture->pcap;
	int status;

	if (pcap_set_snaplen(pcap, SNAP_BYTES) != 0 ||
	    pcap_set_promisc(pcap, options->promiscuous && !cf_nflog_is_name(options->interface)) !=
	        0 ||
	    pcap_set_timeout(pcap, RETIRE_MS) != 0 ||
	    pcap_set_buffer_size(pcap, (int)(options->buffer_mib << 20)) != 0)
		return fail(error, capture, "set up", pcap_geterr(pcap));
	status = pcap_activate(pcap);
	if (status == PCAP_ERROR_PERM_DENIED)
		return fail(error, capture, "listen on",
		    cf_nflog_is_name(capture->interface)
		        ? "not permitted; it takes root or the capability CAP_NET_ADMIN"
		        : "not permitted; it takes root or the capability CAP_NET_RAW");
	if (status < 0)
		return fail(error, capture, "listen on",
		    pcap_geterr(pcap)[0] != '\0' ? pcap_geterr(pcap) : pcap_statustostr(status));
	return CF_OK;
}

enum cf_status cf_capture_open(const struct cf_capture_options *options,
    struct cf_capture **capture_out, struct cf_error *error)
{
	struct cf_capture *capture = calloc(1, sizeof *capture);
	char text[PCAP_ERRBUF_SIZE] = "";
	enum cf_status status;

	if (capture == NULL)
		return cf_error_set(
		    error, CF_ENOMEM, "cannot listen on '%s': no memory", options->interface);
	strncpy(capture->interface, options->interface, sizeof capture->interface - 1);
	capture->pcap = pcap_create(options->interface, text);
	if (capture->pcap == NULL) {
		status = fail(error, capture, "listen on", text);
		goto out;
	}
	status = activate(capture, options, error);
	if (status != CF_OK)
		goto out;
	capture->link_type = pcap_datalink(capture->pcap);
	capture->index = index_of(capture);
	capture->promiscuous = options->promiscuous;
	if (pcap_setnonblock(capture->pcap, 1, text) != 0) {
		status = fail(error, capture, "set up", text);
		goto out;
	}
	if (capture->link_type == DLT_NFLOG)
		status = cf_nflog_open(&capture->nflog, pcap_fileno(capture->pcap),
		    options->interface, options->buffer_mib, error);
	else
		status = join_fanout(capture, options, error);
out:
	if (status != CF_OK)
		cf_capture_close(capture);
	else
		*capture_out = capture;
	return status;
}

void cf_capture_close(struct cf_capture *capture)
{
	if (capture == NULL)
		return;
	if (capture->pcap != NULL)
		pcap_close(capture->pcap);
	free(capture);
}

int cf_capture_link_type(const struct cf_capture *capture)
{
	return capture->link_type;
}

bool cf_capture_is_log(const struct cf_capture *capture)
{
	return capture->link_type == DLT_NFLOG;
}

enum cf_status cf_capture_filter(struct cf_capture *capture, const struct sock_filter *code,
    unsigned length, struct cf_error *error)
{
	int fd = pcap_fileno(capture->pcap), on = 1;
	struct sock_fprog program = {.len = (unsigned short)length};

	memcpy(&program.filter, &code, sizeof program.filter); /* the kernel only reads it */
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program) != 0)
		return fail(error, capture, "attach the filter to", strerror(errno));
	if (setsockopt(fd, SOL_SOCKET, SO_LOCK_FILTER, &on, sizeof on) != 0)
		return fail(error, capture, "lock the filter on", strerror(errno));
	return CF_OK;
}

int cf_capture_fd(const struct cf_capture *capture)
{
	return pcap_fileno(capture->pcap);
}

/* The socket and its ring outlive the interface: they only have to be told of the new one. */
bool cf_capture_rejoin(struct cf_capture *capture)
{
	int fd = pcap_fileno(capture->pcap), index = index_of(capture), error;
	struct sockaddr_ll address = {
	    .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = index};
	struct packet_mreq promiscuous = {.mr_ifindex = index, .mr_type = PACKET_MR_PROMISC};
	socklen_t size = sizeof error;
	struct ifreq request;

	if (index == 0 || !ask(capture, SIOCGIFFLAGS, &request) ||
	    (request.ifr_flags & IFF_UP) == 0)
		return false;
	(void)getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size); /* takes the old error away */
	if (bind(fd, (const struct sockaddr *)(const void *)&address, sizeof address) != 0)
		return false;
	if (capture->promiscuous) /* else it sees what is for this machine, which is better than
	                             nothing */
		(void)setsockopt(
		    fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous, sizeof promiscuous);
	capture->index = index;
	return true;
}

static void on_packet(u_char *arg, const struct pcap_pkthdr *header, const u_char *data)
{
	struct cf_capture *capture = (struct cf_capture *)(void *)arg;

	if (capture->link_type == DLT_NFLOG)
		cf_nflog_count(&capture->nflog, data, header->caplen);
	capture->packet(capture->arg, (int64_t)header->ts.tv_sec * 1000000 + header->ts.tv_usec,
	    data, header->caplen, header->len);
}

enum cf_status cf_capture_read(struct cf_capture *capture, int wait_ms, cf_capture_packet *packet,
    void *arg, unsigned *count_out, struct cf_error *error)
{
	struct pollfd ready = {.fd = pcap_get_selectable_fd(capture->pcap), .events = POLLIN};
	int count;

	*count_out = 0;
	capture->packet = packet;
	capture->arg = arg;
	if (capture->link_type == DLT_NFLOG) {
		/* A socket without a ring: libpcap takes one that is empty for broken. */
		if (poll(&ready, 1, wait_ms) <= 0)
			return CF_OK;
		count = pcap_dispatch(capture->pcap, READ_PACKETS, on_packet, (u_char *)capture);
		goto out;
	}
	/* What is there needs no waiting, and a full ring must not wait for a system call. */
	count = pcap_dispatch(capture->pcap, READ_PACKETS, on_packet, (u_char *)capture);
	if (count == 0 && wait_ms > 0) {
		/* An interrupted wait, or POLLERR, is looked into by the read that follows. */
		(void)poll(&ready, 1, wait_ms);
		count = pcap_dispatch(capture->pcap, READ_PACKETS, on_packet, (u_char *)capture);
	}
out:
	if (count < 0)
		return fail(error, capture, "go on listening on", pcap_geterr(capture->pcap));
	*count_out = (unsigned)count;
	return CF_OK;
}

void cf_capture_stats(struct cf_capture *capture, struct cf_capture_stats *stats_out)
{
	struct pcap_stat now;

	/* Numbers that are missing tell of each packet, libpcap of each time that some were. */
	if (capture->link_type == DLT_NFLOG)
		capture->stats.kernel_drops = capture->nflog.lost;
	else if (pcap_stats(capture->pcap, &now) == 0) {
		capture->stats.kernel_drops += now.ps_drop - capture->last_drops;
		capture->stats.iface_drops += now.ps_ifdrop - capture->last_iface_drops;
		capture->last_drops = now.ps_drop;
		capture->last_iface_drops = now.ps_ifdrop;
	}
	*stats_out = capture->stats;
}
