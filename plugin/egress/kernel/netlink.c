/* Requests and dumps of nfnetlink. */

#include "egress/kernel/netlink.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_BYTES 256
/* What the kernel puts into one answer at most (NLMSG_GOODSIZE and some). */
#define ANSWER_BYTES (64 * 1024)
/* In each kind of request the table's name is the first attribute, and the set's the second. */
enum { ATTRIBUTE_TABLE = 1, ATTRIBUTE_SET = 2 };

enum cf_status cf_netlink_open(int *fd_out, struct cf_error *error)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_NETFILTER);

	if (fd < 0 || connect(fd, (struct sockaddr *)(void *)&kernel, sizeof kernel) != 0) {
		(void)cf_error_set(
		    error, CF_EIO, "cannot ask the kernel for its tables: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		return CF_EIO;
	}
	*fd_out = fd;
	return CF_OK;
}

static size_t put_text(uint8_t *at, unsigned type, const char *text)
{
	struct nlattr head = {
	    .nla_type = (uint16_t)type, .nla_len = (uint16_t)(NLA_HDRLEN + strlen(text) + 1)};

	memcpy(at, &head, sizeof head);
	memcpy(at + NLA_HDRLEN, text, strlen(text) + 1);
	return (size_t)NLA_ALIGN(head.nla_len);
}

static bool send_request(int fd, unsigned type, bool all, const char *table, const char *set)
{
	uint8_t request[REQUEST_BYTES] = {0};
	struct nlmsghdr head = {.nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type),
	    .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | (all ? NLM_F_DUMP : 0))};
	struct nfgenmsg about = {.nfgen_family = NFPROTO_INET, .version = NFNETLINK_V0};
	size_t len = NLMSG_HDRLEN + sizeof about;

	if (strlen(table) > 64 || (set != NULL && strlen(set) > 64)) {
		errno = ENAMETOOLONG;
		return false;
	}
	len += put_text(request + len, ATTRIBUTE_TABLE, table);
	if (set != NULL)
		len += put_text(request + len, ATTRIBUTE_SET, set);
	head.nlmsg_len = (uint32_t)len;
	memcpy(request, &head, sizeof head);
	memcpy(request + NLMSG_HDRLEN, &about, sizeof about);
	return send(fd, request, len, 0) == (ssize_t)len;
}

const uint8_t *cf_netlink_find(
    const uint8_t *attributes, size_t len, unsigned type, size_t *len_out)
{
	struct nlattr head;

	for (size_t at = 0; len - at >= sizeof head; at += (size_t)NLA_ALIGN(head.nla_len)) {
		memcpy(&head, attributes + at, sizeof head);
		if (head.nla_len < NLA_HDRLEN || head.nla_len > len - at)
			return NULL;
		if ((unsigned)(head.nla_type & NLA_TYPE_MASK) == type) {
			*len_out = head.nla_len - NLA_HDRLEN;
			return attributes + at + NLA_HDRLEN;
		}
		if ((size_t)NLA_ALIGN(head.nla_len) >= len - at)
			return NULL;
	}
	return NULL;
}

/* Lists hold things of all tables, where the kernel does not choose. */
static bool is_of_table(const uint8_t *attributes, size_t len, const char *table)
{
	size_t name_len = 0;
	const uint8_t *name = cf_netlink_find(attributes, len, ATTRIBUTE_TABLE, &name_len);

	return name != NULL && name_len == strlen(table) + 1 && memcmp(name, table, name_len) == 0;
}

/* What an answer is. */
enum answer { ANSWER_MORE, ANSWER_LAST, ANSWER_FAILED };

struct asking {
	const char *table;
	bool all, changed;
	int failure; /* errno */
	cf_netlink_message *message;
	void *arg;
};

static enum answer take_message(
    struct asking *asking, const struct nlmsghdr *head, const uint8_t *body, size_t len)
{
	int code = 0;

	asking->changed = asking->changed || (head->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
	if (head->nlmsg_type == NLMSG_DONE)
		return ANSWER_LAST;
	if (head->nlmsg_type == NLMSG_ERROR) {
		if (len >= sizeof code)
			memcpy(&code, body, sizeof code);
		asking->failure = -code;
		return code == 0 ? ANSWER_LAST : ANSWER_FAILED;
	}
	if (len >= sizeof(struct nfgenmsg)) {
		body += sizeof(struct nfgenmsg);
		len -= sizeof(struct nfgenmsg);
		if (is_of_table(body, len, asking->table))
			asking->message(asking->arg, body, len);
	}
	return asking->all ? ANSWER_MORE : ANSWER_LAST;
}

static enum answer take_answer(struct asking *asking, const uint8_t *bytes, size_t len)
{
	struct nlmsghdr head;

	for (size_t at = 0; len - at >= sizeof head; at += NLMSG_ALIGN(head.nlmsg_len)) {
		enum answer answer;

		memcpy(&head, bytes + at, sizeof head);
		if (head.nlmsg_len < NLMSG_HDRLEN || head.nlmsg_len > len - at)
			break;
		answer = take_message(
		    asking, &head, bytes + at + NLMSG_HDRLEN, head.nlmsg_len - NLMSG_HDRLEN);
		if (answer != ANSWER_MORE)
			return answer;
		if ((size_t)NLMSG_ALIGN(head.nlmsg_len) >= len - at)
			return ANSWER_MORE;
	}
	asking->failure = EBADMSG;
	return ANSWER_FAILED;
}

static enum cf_status outcome(
    const struct asking *asking, enum answer answer, struct cf_error *error)
{
	if (answer == ANSWER_LAST)
		return asking->changed ? CF_EAGAIN : CF_OK;
	if (asking->failure == ENOENT)
		return CF_ENOTFOUND;
	if (asking->failure == EINTR) /* a dump of elements whose set changed */
		return CF_EAGAIN;
	return cf_error_set(
	    error, CF_EIO, "cannot read the kernel's tables: %s", strerror(asking->failure));
}

enum cf_status cf_netlink_ask(int fd, unsigned type, bool all, const char *table, const char *set,
    cf_netlink_message *message, void *arg, struct cf_error *error)
{
	struct asking asking = {.table = table, .all = all, .message = message, .arg = arg};
	enum answer answer = ANSWER_MORE;
	uint8_t *bytes = malloc(ANSWER_BYTES);

	if (bytes == NULL)
		return cf_error_set(error, CF_ENOMEM, "no memory");
	if (!send_request(fd, type, all, table, set)) {
		asking.failure = errno;
		answer = ANSWER_FAILED;
	}
	while (answer == ANSWER_MORE) {
		ssize_t len = recv(fd, bytes, ANSWER_BYTES, 0);

		if (len < 0 && errno == EINTR)
			continue;
		asking.failure = len < 0 ? errno : 0;
		answer = len < 0 ? ANSWER_FAILED : take_answer(&asking, bytes, (size_t)len);
	}
	free(bytes);
	return outcome(&asking, answer, error);
}
