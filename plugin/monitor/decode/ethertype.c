/* EtherTypes that are read. */

#include "monitor/decode/ethertype.h"

#include <stddef.h>

bool cf_ethertype_is_read(unsigned type)
{
	static const uint16_t types[] = {CF_ETHER_IP4, CF_ETHER_ARP, CF_ETHER_TEB, CF_ETHER_VLAN,
	    CF_ETHER_IP6, CF_ETHER_PPP, CF_ETHER_MPLS, CF_ETHER_MPLS_MULTICAST, CF_ETHER_PPPOE,
	    CF_ETHER_QINQ, CF_ETHER_PBB, CF_ETHER_TRILL, CF_ETHER_FABRICPATH, CF_ETHER_HSR,
	    CF_ETHER_FRER, CF_ETHER_CISCO_META, CF_ETHER_VNTAG, CF_ETHER_NSH, CF_ETHER_QINQ_OLD,
	    CF_ETHER_QINQ_OLD2, CF_ETHER_ETAG, CF_ETHER_MACSEC, CF_ETHER_BATMAN, CF_ETHER_LWAPP};

	for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
		if (types[i] == type)
			return true;
	return false;
}
