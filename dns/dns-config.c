/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-config.c — the configuration as data: growing arrays of copied text. */
#include "dns/dns.h"

#include <errno.h>
#include <string.h>

/* NULL stays NULL; false when out of memory. */
static bool copy_string(const char *text, char **ret)
{
	*ret = text ? strdup(text) : NULL;
	return *ret || !text;
}

struct dns_config *dns_config_new(const char *domain)
{
	struct dns_config *c = calloc(1, sizeof(*c));

	if (!c || !copy_string(domain && *domain ? domain : NULL, &c->domain)) {
		free(c);
		return NULL;
	}
	c->forward = c->forward_plain_names = true;
	return c;
}

void dns_config_free(struct dns_config *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->n_forwarders; i++)
		free(c->forwarders[i].domain);
	for (size_t i = 0; i < c->n_hosts; i++)
		free(c->hosts[i].name);
	for (size_t i = 0; i < c->n_txts; i++) {
		free(c->txts[i].name);
		free(c->txts[i].value);
	}
	for (size_t i = 0; i < c->n_srvs; i++) {
		free(c->srvs[i].owner);
		free(c->srvs[i].target);
	}
	for (size_t i = 0; i < c->n_records; i++) {
		free(c->records[i].name);
		free(c->records[i].rdata);
	}
	free(c->records);
	free(c->subnets);
	free(c->forwarders);
	free(c->hosts);
	free(c->txts);
	free(c->srvs);
	free(c->domain);
	free(c);
}

int dns_config_add_subnet(struct dns_config *c, const struct ip *gateway, unsigned prefix)
{
	if (GROW(c->subnets, c->cap_subnets, c->n_subnets + 1) < 0)
		return -ENOMEM;
	c->subnets[c->n_subnets++] = (struct dns_config_subnet){ *gateway, prefix };
	return 0;
}

int dns_config_add_forwarder(struct dns_config *c, const struct ip *address, uint16_t port,
			     const char *domain)
{
	char *copy;

	if (GROW(c->forwarders, c->cap_forwarders, c->n_forwarders + 1) < 0 ||
	    !copy_string(domain && *domain ? domain : NULL, &copy))
		return -ENOMEM;
	c->forwarders[c->n_forwarders++] = (struct dns_config_forwarder){
		.address = address ? *address : (struct ip){ 0 },
		.port = port ? port : DNS_PORT,
		.domain = copy,
	};
	return 0;
}

int dns_config_add_host(struct dns_config *c, const char *name, const struct ip *ip, bool ptr)
{
	char *copy;

	if (GROW(c->hosts, c->cap_hosts, c->n_hosts + 1) < 0 || !copy_string(name, &copy))
		return -ENOMEM;
	c->hosts[c->n_hosts++] = (struct dns_config_host){ copy, *ip, ptr };
	return 0;
}

int dns_config_add_txt(struct dns_config *c, const char *name, const char *value)
{
	auto_free char *copy = NULL;
	char *text;

	if (GROW(c->txts, c->cap_txts, c->n_txts + 1) < 0 || !copy_string(name, &copy) ||
	    !copy_string(value ? value : "", &text))
		return -ENOMEM;
	c->txts[c->n_txts++] = (struct dns_config_txt){ take_ptr(copy), text };
	return 0;
}

int dns_config_add_srv(struct dns_config *c, const char *owner, const char *target, uint16_t port,
		       uint16_t priority, uint16_t weight)
{
	auto_free char *copy = NULL;
	char *to;

	if (GROW(c->srvs, c->cap_srvs, c->n_srvs + 1) < 0 || !copy_string(owner, &copy) ||
	    !copy_string(target, &to))
		return -ENOMEM;
	c->srvs[c->n_srvs++] =
	    (struct dns_config_srv){ take_ptr(copy), to, port, priority, weight };
	return 0;
}

int dns_config_add_record(struct dns_config *c, const char *name, uint16_t type, uint32_t ttl_sec,
			  const void *rdata, size_t n)
{
	auto_free char *copy = NULL;

	if (n == 0 || n > DNS_RDATA_MAX)
		return -EINVAL;
	if (GROW(c->records, c->cap_records, c->n_records + 1) < 0 || !copy_string(name, &copy))
		return -ENOMEM;
	uint8_t *octets = malloc(n);
	if (!octets)
		return -ENOMEM;
	memcpy(octets, rdata, n);
	c->records[c->n_records++] =
	    (struct dns_config_record){ take_ptr(copy), type, ttl_sec, octets, n };
	return 0;
}
