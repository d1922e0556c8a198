/* What hosts say of themselves: DHCP, DHCPv6, NetBIOS names and datagrams. The first byte chooses.
 */

#include "promise.h"

#include "monitor/hosts/dhcp.h"
#include "monitor/hosts/nbns.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A slice of the message, or empty. */
static void must_be_inside(struct cf_slice slice, struct cf_slice message)
{
	must(slice.len == 0 ||
	    (slice.data >= message.data && slice.len <= message.len &&
	        slice.data + slice.len <= message.data + message.len));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct cf_slice message = {.data = data + 1, .len = len - 1};
	struct cf_netbios netbios;
	struct cf_dhcp4 dhcp4;
	struct cf_dhcp6 dhcp6;

	if (len == 0)
		return 0;
	switch (data[0] % 4) {
	case 0:
		if (cf_dhcp4_read(message, &dhcp4)) {
			must(dhcp4.name.len == 0 || dhcp4.name.data == dhcp4.text);
			must(dhcp4.name.len <= sizeof dhcp4.text);
			must(dhcp4.client_id.len <= sizeof dhcp4.id);
			must(!dhcp4.from_client || dhcp4.granted.family == CF_FAMILY_NONE);
			must(dhcp4.resolver_count <= CF_DHCP_SERVERS);
			must(dhcp4.router_count <= CF_DHCP_SERVERS);
		}
		break;
	case 1:
		if (cf_dhcp6_read(message, &dhcp6)) {
			must_be_inside(dhcp6.duid, message);
			must(dhcp6.resolver_count <= CF_DHCP_SERVERS);
			must(strlen(dhcp6.name) < sizeof dhcp6.name);
			must(dhcp6.addr_count <= CF_DHCP_ADDRS);
		}
		break;
	case 2:
		if (cf_nbns_read(message, &netbios))
			must(netbios.name[0] != '\0' && strlen(netbios.name) < CF_NETBIOS_BYTES);
		break;
	default:
		if (cf_nbdgm_read(message, &netbios))
			must(netbios.name[0] != '\0' && strlen(netbios.name) < CF_NETBIOS_BYTES);
		break;
	}
	return 0;
}
