/*
 * Sends the packets of a capture file out of an interface as fast as it can, or at a rate: the
 * traffic of the live benchmark, between network namespaces that bench/run makes.
 *
 *   vethsend -i IFACE -f FILE [-n COUNT] [-r PACKETS_PER_SECOND]
 *
 * Prints one JSON object: sent, refused (the interface's queue was full), seconds, and seconds of
 * CPU time, in which lies what the kernel did with the packets behind the cable: over a pair of
 * virtual interfaces it forwards them in the name of the sender.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pcap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64

static double seconds_of(clockid_t clock)
{
	struct timespec ts;

	clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double now_s(void)
{
	return seconds_of(CLOCK_MONOTONIC);
}

struct packet {
	uint8_t *data;
	size_t len;
};

static struct packet *read_all(const char *path, size_t *count_out)
{
	char text[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = pcap_open_offline(path, text);
	struct packet *packets = NULL;
	struct pcap_pkthdr *header;
	const uint8_t *data;
	size_t count = 0, room = 0;

	if (pcap == NULL) {
		fprintf(stderr, "vethsend: %s\n", text);
		exit(4);
	}
	while (pcap_next_ex(pcap, &header, &data) == 1) {
		if (count == room) {
			room = room == 0 ? 4096 : 2 * room;
			packets = realloc(packets, room * sizeof *packets);
		}
		if (packets == NULL || (packets[count].data = malloc(header->caplen + 1)) == NULL)
			abort();
		memcpy(packets[count].data, data, header->caplen);
		packets[count++].len = header->caplen;
	}
	pcap_close(pcap);
	*count_out = count;
	return packets;
}

int main(int argc, char **argv)
{
	struct sockaddr_ll to = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
	const char *path = NULL, *iface = NULL;
	struct packet *packets;
	size_t count, next = 0;
	uint64_t wanted = 0, sent = 0, refused = 0;
	double rate = 0, start, cpu_start;
	int option, fd;

	while ((option = getopt(argc, argv, "i:f:n:r:")) != -1) {
		if (option == 'i')
			iface = optarg;
		else if (option == 'f')
			path = optarg;
		else if (option == 'n')
			wanted = strtoull(optarg, NULL, 10);
		else if (option == 'r')
			rate = strtod(optarg, NULL);
		else
			return 2;
	}
	if (path == NULL || iface == NULL) {
		fprintf(stderr, "usage: vethsend -i IFACE -f FILE [-n COUNT] [-r RATE]\n");
		return 2;
	}
	packets = read_all(path, &count);
	to.sll_ifindex = (int)if_nametoindex(iface);
	fd =
	    socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0); /* protocol 0: receives nothing itself */
	if (fd < 0 || to.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&to, sizeof to) != 0 ||
	    count == 0) {
		perror("vethsend");
		return 4;
	}
	if (wanted == 0)
		wanted = count;
	start = now_s();
	cpu_start = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
	while (sent < wanted) {
		struct mmsghdr messages[BATCH];
		struct iovec parts[BATCH];
		unsigned batch = 0;
		int done;

		if (rate > 0 && (double)sent > rate * (now_s() - start)) {
			usleep(200);
			continue;
		}
		for (; batch < BATCH && sent + batch < wanted; batch++) {
			struct packet *packet = &packets[(next + batch) % count];

			parts[batch] =
			    (struct iovec){.iov_base = packet->data, .iov_len = packet->len};
			messages[batch] = (struct mmsghdr){
			    .msg_hdr = {.msg_iov = &parts[batch], .msg_iovlen = 1}};
		}
		done = sendmmsg(fd, messages, batch, 0);
		if (done > 0) {
			sent += (unsigned)done;
			next = (next + (unsigned)done) % count;
		} else if (errno == ENOBUFS || errno == EAGAIN) {
			refused++;
		} else {
			perror("vethsend");
			return 4;
		}
	}
	printf("{\"sent\":%llu,\"refused\":%llu,\"seconds\":%.6f,\"cpu\":%.6f}\n",
	    (unsigned long long)sent, (unsigned long long)refused, now_s() - start,
	    seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu_start);
	return 0;
}
