/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-view.c — see dns-view.h. */
#include "dns/dns-view.h"

#include "dns/dns-internal.h"

#define KEY_TAIL 3 /* type and flags behind the name */

const uint64_t *dns_rcode_counts(const struct dns_server *s)
{
	return s->rcode;
}

const uint64_t *dns_source_counts(const struct dns_server *s)
{
	return s->source;
}

size_t dns_server_askers(const struct dns_server *s, struct dns_asker ret[static DNS_ASKERS_MAX])
{
	return dns_askers_list(&s->askers, ret);
}

struct dns_cache_size dns_cache_size(const struct dns_server *s)
{
	return (struct dns_cache_size){ s->cache.table.count, s->cache.bytes, s->cache.max_bytes,
					s->forward.flights.count };
}

/* The question that an entry answers. */
static struct dns_cached describe(const struct dns_cache_entry *e, char text[static DNS_TEXT_MAX])
{
	struct rd r = rd_over(e->bytes, e->key_n);
	struct dns_name name = { .n = 1 };

	(void)!dns_name_read(&r, e->bytes, e->key_n, &name);
	uint16_t type = rd_u16(&r);
	uint8_t flags = rd_u8(&r);
	return (struct dns_cached){ .number = e->number,
				    .name = dns_name_text(&name, text, DNS_TEXT_MAX),
				    .type = type,
				    .dnssec_ok = flags & DNS_KEY_DO,
				    .checking_disabled = flags & DNS_KEY_CD,
				    .negative = e->negative,
				    .rcode = e->rcode,
				    .bytes = sizeof(*e) + e->key_n + e->body_n,
				    .expires = e->expires };
}

void dns_cache_visit(const struct dns_server *s, uint64_t after, dns_cached_fn *visit, void *data)
{
	const struct dns_cache_entry *e = dns_cache_after(&s->cache, after);
	char text[DNS_TEXT_MAX];

	while (e) {
		const struct dns_cached one = describe(e, text);
		if (!visit(data, &one))
			return;
		e = e->aged.next == &s->cache.by_age
			? NULL
			: container_of(e->aged.next, struct dns_cache_entry, aged);
	}
}

size_t dns_cache_flush(struct dns_server *s)
{
	size_t n = s->cache.table.count;

	dns_cache_clear(&s->cache);
	return n;
}

size_t dns_upstream_states(const struct dns_server *s, usec_t now,
			   struct dns_upstream_state ret[static DNS_UPSTREAMS_MAX])
{
	const struct dns_group *g =
	    s->routes.explicit_servers.n ? &s->routes.explicit_servers : &s->host_servers;

	for (size_t i = 0; i < g->n; i++)
		ret[i] = (struct dns_upstream_state){ g->server[i].upstream, g->server[i].rtt,
						      g->server[i].avoid_until > now };
	return g->n;
}
