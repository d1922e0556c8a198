/* A netlink message of ours, and the records of others. */

#include "monitor/capture/nflog.h"

#include "base/bytes.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_log.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define NAME "nflog"
/* How long the kernel gathers packets before it hands them over, in hundredths of a second. */
#define HOLD_10MS 10

bool cf_nflog_is_name(const char *interface)
{
	size_t len = strlen(NAME);

	return strncmp(interface, NAME, len) == 0 &&
	    (interface[len] == '\0' || interface[len] == ':');
}

bool cf_nflog_is_among(const char *const *interfaces, unsigned count)
{
	bool is_among = false;

	for (unsigned i = 0; i < count && !is_among; i++)
		is_among = cf_nflog_is_name(interfaces[i]);
	return is_among;
}

/* The only message that is sent, as it lies on the wire; the kernel answers nothing to it. */
struct config_message {
	struct nlmsghdr head;
	struct nfgenmsg about;
	struct nlattr flags_head;
	uint16_t flags;
	uint16_t padding;
	struct nlattr timeout_head;
	uint32_t timeout;
};

enum cf_status cf_nflog_open(struct cf_nflog *nflog, int fd, const char *interface,
    unsigned queue_mib, struct cf_error *error)
{
	const char *colon = strchr(interface, ':');
	unsigned long group = colon == NULL ? 0 : strtoul(colon + 1, NULL, 10);
	struct config_message message = {
	    .head = {.nlmsg_len = sizeof(struct config_message),
	        .nlmsg_type = NFNL_SUBSYS_ULOG << 8 | NFULNL_MSG_CONFIG,
	        .nlmsg_flags = NLM_F_REQUEST},
	    .about = {.nfgen_family = AF_UNSPEC,
	        .version = NFNETLINK_V0,
	        .res_id = htons((uint16_t)group)},
	    .flags_head = {.nla_len = NLA_HDRLEN + sizeof(uint16_t), .nla_type = NFULA_CFG_FLAGS},
	    .flags = htons(NFULNL_CFG_F_SEQ),
	    .timeout_head = {.nla_len = NLA_HDRLEN + sizeof(uint32_t),
	        .nla_type = NFULA_CFG_TIMEOUT},
	    .timeout = htonl(HOLD_10MS)};
	int bytes = (int)(queue_mib << 20);

	*nflog = (struct cf_nflog){.begun = false};
	/* With the right to go over the system's limit; without, as large as that is. */
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof bytes) != 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes);
	if (send(fd, &message, sizeof message, 0) != (ssize_t)sizeof message)
		return cf_error_set(
		    error, CF_EIO, "cannot have '%s' numbered: %s", interface, strerror(errno));
	return CF_OK;
}

static bool find_number(const uint8_t *data, size_t len, uint32_t *number_out)
{
	struct cf_bytes frame = cf_bytes_make(data, len);

	cf_bytes_skip(&frame, 4);
	while (cf_bytes_left(&frame) >= 4) {
		unsigned record = cf_bytes_le16(&frame), type = cf_bytes_le16(&frame) & 0x7fffU;
		struct cf_bytes value;

		if (record < 4)
			return false;
		value = cf_bytes_sub(&frame, record - 4);
		if (type == NFULA_SEQ) {
			*number_out = cf_bytes_be32(&value);
			return cf_bytes_ok(&value);
		}
		if (cf_bytes_left(&frame) >= (4 - record % 4) % 4)
			cf_bytes_skip(&frame, (4 - record % 4) % 4);
	}
	return false;
}

void cf_nflog_count(struct cf_nflog *nflog, const uint8_t *data, size_t len)
{
	uint32_t number;

	if (!find_number(data, len, &number))
		return;
	/* Behind a restart of the group numbers begin anew: that is no loss. */
	if (nflog->begun && number - nflog->next < UINT32_MAX / 2)
		nflog->lost += number - nflog->next;
	nflog->begun = true;
	nflog->next = number + 1;
}
