/*
 * The floor of every offline packet tool: libpcap reads a capture and nothing is done with the
 * packets.
 *
 *   pcaploop FILE
 *
 * Prints one JSON object: packets, bytes, CPU nanoseconds.
 */
#include <pcap.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

static uint64_t cpu_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

int main(int argc, char **argv)
{
	char text[PCAP_ERRBUF_SIZE];
	pcap_t *pcap = argc == 2 ? pcap_open_offline(argv[1], text) : NULL;
	struct pcap_pkthdr *header;
	const uint8_t *data;
	uint64_t packets = 0, bytes = 0, start_ns = cpu_ns();

	if (pcap == NULL) {
		fprintf(stderr, "pcaploop: %s\n", argc == 2 ? text : "usage: pcaploop FILE");
		return 4;
	}
	while (pcap_next_ex(pcap, &header, &data) == 1) {
		packets++;
		bytes += header->caplen;
	}
	printf("{\"packets\":%llu,\"bytes\":%llu,\"cpu_ns\":%llu}\n", (unsigned long long)packets,
	    (unsigned long long)bytes, (unsigned long long)(cpu_ns() - start_ns));
	pcap_close(pcap);
	return 0;
}
