/*
 * The upstream of the benchmarks: answers every A question with one address and TTL 3600, every
 * other type with NODATA, over UDP on loopback, as fast as a socket allows. It knows no zones and
 * no names.
 *
 *   dnsstub -p PORT
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Turns the query in wire[0..len) into its answer; returns the new length, 0 for no answer. */
static size_t answer(uint8_t *wire, size_t len, size_t room)
{
	static const uint8_t record[16] = {
	    0xc0, 12, 0, 1, 0, 1, 0, 0, 0x0e, 0x10, 0, 4, 192, 0, 2, 1};
	size_t at = 12;
	unsigned qtype;

	if (len < 17 || (wire[2] & 0x80) != 0)
		return 0;
	while (at < len && wire[at] != 0) {
		if (wire[at] > 63)
			return 0;
		at += 1U + wire[at];
	}
	if (at + 5 > len || at + 5 + sizeof record > room)
		return 0;
	qtype = (unsigned)wire[at + 1] << 8 | wire[at + 2];
	at += 5;
	wire[2] = (uint8_t)(0x84 | (wire[2] & 1)); /* QR AA, RD as asked */
	wire[3] = 0x80;
	memset(wire + 6, 0, 6);
	if (qtype != 1)
		return at;
	wire[7] = 1;
	memcpy(wire + at, record, sizeof record);
	return at + sizeof record;
}

int main(int argc, char **argv)
{
	struct sockaddr_in self = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int size = 4 << 20, fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (argc != 3 || strcmp(argv[1], "-p") != 0) {
		fprintf(stderr, "usage: dnsstub -p PORT\n");
		return 2;
	}
	self.sin_port = htons((uint16_t)strtoul(argv[2], NULL, 10));
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
	if (fd < 0 || bind(fd, (struct sockaddr *)&self, sizeof self) != 0) {
		perror("dnsstub");
		return 4;
	}
	for (;;) {
		uint8_t wire[1500];
		struct sockaddr_in peer;
		socklen_t peer_len = sizeof peer;
		ssize_t len =
		    recvfrom(fd, wire, sizeof wire, 0, (struct sockaddr *)&peer, &peer_len);
		size_t out = len > 0 ? answer(wire, (size_t)len, sizeof wire) : 0;

		if (out > 0)
			(void)sendto(fd, wire, out, 0, (struct sockaddr *)&peer,
			    peer_len); /* lost is lost */
	}
}
