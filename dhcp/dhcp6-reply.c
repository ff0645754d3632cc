/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dhcp6-reply.c — what a reply says.
 *
 * Order of options: both identifiers; the IAs, each with its one address first, so that a reply
 * that waited for the store can be shortened; what the client asked for. Everything together is
 * less than DHCP6_REPLY_MAX: the parts are bounded, and a parameter that doesn't fit is left out.
 */
#include "dhcp/dhcp6-internal.h"

#include <string.h>

#define PREFERENCE_MAX 255 /* RFC 8415 §18.2.1: the client needn't wait for other servers */
#define REFRESH_SEC    86400
#define T2_AT          4 /* from T1 */
#define PREFERRED_AT   28
#define VALID_AT       32

enum { FQDN_S = 1, FQDN_O = 2, FQDN_N = 4 }; /* RFC 4704 §4.1 */

static uint32_t lease_t1(uint32_t sec)
{
	return sec == DHCP6_LEASE_INFINITE ? sec : sec / 2;
}

static uint32_t lease_t2(uint32_t sec)
{
	return sec == DHCP6_LEASE_INFINITE ? sec : (uint32_t)((uint64_t)sec * 4 / 5);
}

static void put_ia(struct wr *w, const struct dhcp6_ia_answer *ia, const struct dhcp_settings *set,
		   size_t *lifetimes_at, size_t *n_lifetimes)
{
	uint32_t t1 = lease_t1(ia->sec), t2 = lease_t2(ia->sec);
	size_t at = dhcp6_write_open(w, DHCP6_OPT_IA_NA);
	bool granted = ia->status == DHCP6_STATUS_SUCCESS && ip_is_set(&ia->ip);

	wr_u32(w, ia->iaid);
	if (granted)
		lifetimes_at[(*n_lifetimes)++] = wr_len(w);
	(void)dhcp_settings_times(set, ia->sec, &t1, &t2);
	wr_u32(w, granted ? t1 : 0);
	wr_u32(w, granted ? t2 : 0);
	if (granted)
		dhcp6_write_address(w, &ia->ip, ia->sec, ia->sec);
	for (size_t i = 0; i < ia->n_gone; i++)
		dhcp6_write_address(w, &ia->gone[i], 0, 0);
	if (ia->status != DHCP6_STATUS_SUCCESS)
		dhcp6_write_status(w, ia->status);
	dhcp6_write_close(w, at);
}

static void put_refusal(struct wr *w, const struct dhcp6_other_ia *ia)
{
	size_t at = dhcp6_write_open(w, ia->code);

	wr_u32(w, ia->iaid);
	if (ia->code == DHCP6_OPT_IA_PD)
		wr_zero(w, 8);
	dhcp6_write_status(w, ia->code == DHCP6_OPT_IA_PD ? DHCP6_STATUS_NO_PREFIX
							  : DHCP6_STATUS_NO_ADDRS);
	dhcp6_write_close(w, at);
}

static void put_dns(const struct dhcp6 *s, struct wr *w)
{
	if (ip_is_set(&s->c.dns))
		dhcp6_write_option(w, DHCP6_OPT_DNS, s->c.dns.v6, sizeof(s->c.dns.v6));
}

static void put_domain(const struct dhcp6 *s, struct wr *w)
{
	if (!s->c.domain[0])
		return;
	size_t at = dhcp6_write_open(w, DHCP6_OPT_DOMAIN_LIST);
	dhcp6_write_labels(w, s->c.domain, true);
	dhcp6_write_close(w, at);
}

/* We do the forward registration, whatever the client asked for, unless it wants none. */
static void put_fqdn(const struct dhcp6 *s, struct dhcp6_span asked, const char *name, struct wr *w)
{
	uint8_t flags = FQDN_S;

	if (!asked.p || !name[0])
		return;
	if (asked.p[0] & FQDN_N)
		flags = FQDN_N;
	else if (!(asked.p[0] & FQDN_S))
		flags |= FQDN_O;
	size_t at = dhcp6_write_open(w, DHCP6_OPT_FQDN);
	wr_u8(w, flags);
	dhcp6_write_labels(w, name, false);
	/* Without a domain the name is a partial one, without its end. */
	dhcp6_write_labels(w, s->c.domain, s->c.domain[0]);
	dhcp6_write_close(w, at);
}

/* UEFI takes no offer without this echo for one of its HTTP boot servers. */
static void put_vendor_class(const struct dhcp6_message *m, const struct dhcp6_answer *a,
			     struct wr *w)
{
	static const char http[] = "HTTPClient";
	struct rd r = rd_over(m->vendor_class.p, m->vendor_class.n);
	uint32_t enterprise = rd_u32(&r);
	size_t n = rd_u16(&r), len = strlen(http);
	const uint8_t *text = rd_bytes(&r, n);

	if (!text || n < len || memcmp(text, http, len) != 0 ||
	    !dhcp_settings_find(&a->set, DHCP6_OPT_BOOT_URL))
		return;
	size_t at = dhcp6_write_open(w, DHCP6_OPT_VENDOR_CLASS);
	wr_u32(w, enterprise);
	wr_u16(w, (uint16_t)len);
	wr_bytes(w, http, len);
	dhcp6_write_close(w, at);
}

static void put_refresh_time(struct wr *w)
{
	size_t at = dhcp6_write_open(w, DHCP6_OPT_REFRESH_TIME);

	wr_u32(w, REFRESH_SEC);
	dhcp6_write_close(w, at);
}

/* What every guest needs, unless a rule says it otherwise. */
static void put_own(const struct dhcp6 *s, const struct dhcp6_message *m,
		    const struct dhcp6_answer *a, uint16_t code, struct wr *w)
{
	if (dhcp_settings_find(&a->set, code))
		return;
	switch (code) {
	case DHCP6_OPT_DNS:
		put_dns(s, w);
		break;
	case DHCP6_OPT_REFRESH_TIME:
		put_refresh_time(w);
		break;
	case DHCP6_OPT_DOMAIN_LIST:
		put_domain(s, w);
		break;
	case DHCP6_OPT_VENDOR_CLASS:
		put_vendor_class(m, a, w);
		break;
	case DHCP6_OPT_FQDN:
		put_fqdn(s, m->fqdn, a->name, w);
		break;
	default:
		break;
	}
}

/* A parameter that doesn't fit is left out, the others stay. */
static void keep_or_drop(struct wr *w, struct wr before)
{
	if (w->bad)
		*w = before;
}

static bool is_asked_for(const struct dhcp6_message *m, uint16_t code)
{
	bool all = !m->oro.p; /* one that sends no list gets what every guest needs */

	switch (code) {
	case DHCP6_OPT_REFRESH_TIME:
		return m->type == DHCP6_TYPE_INFORMATION_REQUEST && dhcp6_wants(m, code);
	case DHCP6_OPT_VENDOR_CLASS:
	case DHCP6_OPT_FQDN:
		return true;
	default:
		return all || dhcp6_wants(m, code);
	}
}

/* What a client gets that asks for it, and what rules force upon it. */
static void put_parameters(const struct dhcp6 *s, const struct dhcp6_message *m,
			   const struct dhcp6_answer *a, struct wr *w)
{
	static const uint16_t own[] = { DHCP6_OPT_DNS, DHCP6_OPT_REFRESH_TIME,
					DHCP6_OPT_DOMAIN_LIST, DHCP6_OPT_VENDOR_CLASS,
					DHCP6_OPT_FQDN };

	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		struct wr before = *w;
		if (is_asked_for(m, own[i]))
			put_own(s, m, a, own[i], w);
		keep_or_drop(w, before);
	}
	for (size_t i = 0; i < a->set.n; i++) {
		const struct dhcp_rule_option *o = a->set.option[i];
		struct wr before = *w;
		if (!o->absent && (o->force || !m->oro.p || dhcp6_wants(m, o->code)))
			dhcp6_write_option(w, o->code, dhcp_settings_value(&a->set, o), o->n);
		keep_or_drop(w, before);
	}
}

size_t dhcp6_build_reply(const struct dhcp6 *s, const struct dhcp6_message *m,
			 const struct dhcp6_answer *a, uint8_t buf[static DHCP6_REPLY_MAX],
			 size_t lifetimes_at[static DHCP6_IAS_MAX], size_t *n_lifetimes)
{
	struct wr w = wr_over(buf, DHCP6_REPLY_MAX);

	*n_lifetimes = 0;
	dhcp6_write_head(&w, a->type, m->xid);
	if (m->client_id.p)
		dhcp6_write_option(&w, DHCP6_OPT_CLIENT_ID, m->client_id.p, m->client_id.n);
	dhcp6_write_option(&w, DHCP6_OPT_SERVER_ID, s->c.duid, s->c.duid_len);
	if (a->type == DHCP6_TYPE_ADVERTISE)
		dhcp6_write_option(&w, DHCP6_OPT_PREFERENCE, &(uint8_t){ PREFERENCE_MAX }, 1);
	if (a->rapid_commit)
		dhcp6_write_option(&w, DHCP6_OPT_RAPID_COMMIT, NULL, 0);
	if (a->has_status)
		dhcp6_write_status(&w, a->status);
	for (size_t i = 0; i < a->n_ia; i++)
		put_ia(&w, &a->ia[i], &a->set, lifetimes_at, n_lifetimes);
	for (size_t i = 0; a->parameters && i < m->n_other; i++)
		put_refusal(&w, &m->other[i]);
	if (a->parameters)
		put_parameters(s, m, a, &w);
	return w.bad ? 0 : wr_len(&w);
}

void dhcp6_cut_lifetimes(uint8_t *payload, size_t n, const size_t *lifetimes_at, size_t n_lifetimes,
			 uint32_t sec)
{
	struct wr w = wr_over(payload, n);

	w.p = w.end;
	for (size_t i = 0; i < n_lifetimes; i++) {
		size_t at = lifetimes_at[i];
		struct rd r = rd_over(payload, n);
		rd_skip(&r, at + VALID_AT);
		if (rd_u32(&r) <= sec)
			continue;
		wr_patch_u32(&w, at, lease_t1(sec));
		wr_patch_u32(&w, at + T2_AT, lease_t2(sec));
		wr_patch_u32(&w, at + PREFERRED_AT, sec);
		wr_patch_u32(&w, at + VALID_AT, sec);
	}
}
