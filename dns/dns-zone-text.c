/* SPDX-License-Identifier: GPL-2.0-or-later */
/* dns-zone-text.c — see dns-zone-text.h. */
#include "dns/dns-zone-text.h"

#include "base/table.h"
#include "dns/dns-message.h"

#include <errno.h>
#include <ldns/ldns.h>
#include <stdio.h>
#include <string.h>

#define TTL_DEFAULT_SEC 60
#define LEFT_OUT_MAX    16 /* types that are told of, once each */

/* A name that has something; zero line: not by this file. */
struct owner {
	struct table_node table;
	bool alias, other;
	int line;
	struct dns_name name;
};

struct reading {
	struct dns_config *c;
	const char *file;
	struct dns_name domain;
	const char *text;
	size_t n, at; /* z->line is the one of octet `at` */
	int line;
	dns_zone_doubt_fn *doubt;
	void *data;
	struct err *e;
	struct table owners;
	size_t n_records;
	unsigned left_out[LEFT_OUT_MAX], n_left_out;
};

static int refuse(struct reading *z, const char *why)
{
	return err_set(z->e, ERR_CONFIG_UNSUPPORTED, "%s line %d: %s", z->file, z->line, why);
}

/* ---- aliases stand alone (RFC 1034 §3.6.2) ---- */

static struct owner *owner_of(struct reading *z, const struct dns_name *name)
{
	struct table_node *t = table_find(&z->owners, name->wire, name->n);
	struct owner *o = t ? container_of(t, struct owner, table) : calloc(1, sizeof(*o));

	if (t || !o)
		return o;
	o->name = *name;
	if (table_add(&z->owners, &o->table, o->name.wire, o->name.n) < 0) {
		free(o);
		return NULL;
	}
	return o;
}

static void owners_done(struct reading *z)
{
	struct table_node *t = table_next(&z->owners, NULL);

	while (t) {
		struct table_node *next = table_next(&z->owners, t);
		free(container_of(t, struct owner, table));
		t = next;
	}
	table_done(&z->owners);
}

/* A name of the definition, which has it before the file. */
static int note_known(struct reading *z, const char *text, bool alias)
{
	struct dns_name name;

	if (dns_name_parse(text ? text : "", &name) < 0)
		return 0;
	dns_name_lower(&name);
	if (name.labels <= 1 && dns_name_append(&name, &z->domain) < 0)
		return 0;
	struct owner *o = owner_of(z, &name);
	if (!o)
		return err_sys(z->e, ENOMEM, "%s", z->file);
	o->alias |= alias;
	o->other |= !alias;
	return 0;
}

static int note_definition(struct reading *z)
{
	const struct dns_config *c = z->c;
	int r = 0;

	for (size_t i = 0; r == 0 && i < c->n_hosts; i++)
		r = note_known(z, c->hosts[i].name, false);
	for (size_t i = 0; r == 0 && i < c->n_txts; i++)
		r = note_known(z, c->txts[i].name, false);
	for (size_t i = 0; r == 0 && i < c->n_records; i++)
		r = note_known(z, c->records[i].name, c->records[i].type == DNS_CNAME);
	return r;
}

static int note_owner(struct reading *z, const struct dns_name *name, bool alias)
{
	struct owner *o = owner_of(z, name);
	char why[160];

	if (!o)
		return err_sys(z->e, ENOMEM, "%s", z->file);
	if (alias ? o->alias || o->other : o->alias) {
		if (o->line)
			snprintf(why, sizeof(why),
				 "an alias (CNAME) can have nothing else (RFC 1034 3.6.2), and the "
				 "name is used in line %d too",
				 o->line);
		else
			snprintf(why, sizeof(why),
				 "an alias (CNAME) can have nothing else (RFC 1034 3.6.2), and the "
				 "network's definition has the name too");
		return refuse(z, why);
	}
	o->alias |= alias;
	o->other |= !alias;
	if (!o->line)
		o->line = z->line;
	return 0;
}

/* ---- one record ---- */

static bool is_left_out(unsigned type)
{
	static const uint16_t types[] = { DNS_NS,       DNS_SOA,
					  DNS_DNAME,    24 /* SIG */,
					  25 /* KEY */, 30 /* NXT */,
					  DNS_DS,       DNS_RRSIG,
					  DNS_NSEC,     DNS_DNSKEY,
					  DNS_NSEC3,    51 /* NSEC3PARAM */,
					  59 /* CDS */, 60 /* CDNSKEY */ };

	for (size_t i = 0; i < ARRAY_LEN(types); i++)
		if (type == types[i])
			return true;
	return false;
}

/* Once for each type. */
static void leave_out(struct reading *z, unsigned type)
{
	char text[256];

	for (unsigned i = 0; i < z->n_left_out; i++)
		if (z->left_out[i] == type)
			return;
	if (z->n_left_out == LEFT_OUT_MAX || !z->doubt)
		return;
	z->left_out[z->n_left_out++] = type;
	const ldns_rr_descriptor *d = ldns_rr_descript((uint16_t)type);
	snprintf(
	    text, sizeof(text),
	    "%s line %d: records of type %s are left out: the name server has its own, or none",
	    z->file, z->line, d && d->_name ? d->_name : "?");
	z->doubt(z->data, text);
}

static bool name_from(const ldns_rdf *rdf, struct dns_name *ret)
{
	struct rd r = rd_over(ldns_rdf_data(rdf), ldns_rdf_size(rdf));

	return dns_name_read(&r, ldns_rdf_data(rdf), ldns_rdf_size(rdf), ret) && !rd_left(&r);
}

/* What RFC 3597's way of writing lets by: data that can't be of that type. */
static bool fits_type(unsigned type, const uint8_t *data, size_t n)
{
	struct rd r = rd_over(data, n);
	struct dns_name name;

	switch (type) {
	case DNS_A:
		return n == 4;
	case DNS_AAAA:
		return n == 16;
	case DNS_SRV:
	case DNS_MX:
	case DNS_CNAME:
	case DNS_PTR:
		rd_skip(&r, type == DNS_SRV ? 6 : type == DNS_MX ? 2 : 0);
		return dns_name_read(&r, data, n, &name) && !rd_left(&r);
	default:
		return n > 0;
	}
}

static size_t rdata_of(const ldns_rr *rr, struct wr *w)
{
	for (size_t i = 0; i < ldns_rr_rd_count(rr); i++) {
		const ldns_rdf *f = ldns_rr_rdf(rr, i);
		wr_bytes(w, ldns_rdf_data(f), ldns_rdf_size(f));
	}
	return w->bad ? 0 : wr_len(w);
}

static int add_data(struct reading *z, const ldns_rr *rr, const struct dns_name *owner)
{
	uint8_t rdata[DNS_RDATA_MAX];
	struct wr w = wr_over(rdata, sizeof(rdata));
	size_t n = rdata_of(rr, &w);
	unsigned type = ldns_rr_get_type(rr);
	char text[DNS_TEXT_MAX];
	bool apex = dns_name_equal(owner, &z->domain);

	if (w.bad)
		return refuse(z, "the record's data is longer than 4096 octets");
	if (!fits_type(type, rdata, n))
		return refuse(z, "the data can't be of that type");
	if (++z->n_records > DNS_ZONE_RECORDS_MAX)
		return refuse(z, "more than 60000 records");
	int r = dns_config_add_record(z->c, apex ? "" : dns_name_text(owner, text, sizeof(text)),
				      (uint16_t)type, ldns_rr_ttl(rr), rdata, n);
	return r < 0 ? err_sys(z->e, -r, "%s line %d", z->file, z->line) : 0;
}

static int add_rr(struct reading *z, const ldns_rr *rr)
{
	unsigned type = ldns_rr_get_type(rr);
	struct dns_name owner;

	if (ldns_rr_get_class(rr) != LDNS_RR_CLASS_IN)
		return refuse(z, "the class isn't IN");
	if (!ldns_rr_owner(rr) || !name_from(ldns_rr_owner(rr), &owner))
		return refuse(z, "the owner is no domain name");
	dns_name_lower(&owner);
	if (!dns_name_is_below(&owner, &z->domain))
		return refuse(z, "the name isn't below the network's domain; a name without a dot "
				 "at its end gets the domain by itself");
	if (is_left_out(type)) {
		leave_out(z, type);
		return 0;
	}
	if (type == 0 || type == DNS_OPT || (type >= DNS_TKEY && type <= DNS_ANY))
		return refuse(z, "no record can have that type");
	int r = note_owner(z, &owner, type == DNS_CNAME);
	return r < 0 ? r : add_data(z, rr, &owner);
}

/* ---- all ---- */

/* One that isn't whole would be taken for one. */
static int check_origin(struct reading *z, const ldns_rdf *origin)
{
	struct dns_name name;

	if (origin && name_from(origin, &name)) {
		dns_name_lower(&name);
		if (dns_name_is_below(&name, &z->domain))
			return 0;
	}
	return refuse(z, "$ORIGIN must be the network's domain or below it, written whole, with a "
			 "dot at its end");
}

static int take(struct reading *z, ldns_status status, const ldns_rr *rr, const ldns_rdf *origin)
{
	switch ((int)status) {
	case LDNS_STATUS_OK:
		return rr ? add_rr(z, rr) : 0;
	case LDNS_STATUS_SYNTAX_EMPTY: /* a blank line, a comment */
	case LDNS_STATUS_SYNTAX_TTL:   /* $TTL */
		return 0;
	case LDNS_STATUS_SYNTAX_ORIGIN:
		return check_origin(z, origin);
	case LDNS_STATUS_SYNTAX_INCLUDE:
		return refuse(z, "$INCLUDE isn't allowed: a zone is one file");
	default:
		return refuse(z, ldns_get_errorstr_by_id(status));
	}
}

/* Where the next record begins: ldns itself tells where the last one has ended, blank lines and
 * all.
 */
static void find_line(struct reading *z, FILE *fp)
{
	long at = ftell(fp);

	for (; z->at < z->n && ((long)z->at < at || z->text[z->at] == '\n'); z->at++)
		z->line += z->text[z->at] == '\n';
}

static int read_all(struct reading *z, FILE *fp)
{
	ldns_rdf *origin = NULL, *previous = NULL;
	uint32_t ttl = TTL_DEFAULT_SEC;
	int r = 0;

	origin = ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, z->domain.n, z->domain.wire);
	if (!origin)
		return err_sys(z->e, ENOMEM, "%s", z->file);
	while (r == 0 && !feof(fp)) {
		ldns_rr *rr = NULL;
		find_line(z, fp);
		ldns_status s = ldns_rr_new_frm_fp(&rr, fp, &ttl, &origin, &previous);
		if (s == LDNS_STATUS_MEM_ERR)
			r = err_sys(z->e, ENOMEM, "%s", z->file);
		else
			r = take(z, s, rr, origin);
		if (s == LDNS_STATUS_OK)
			ldns_rr_free(rr);
	}
	ldns_rdf_deep_free(origin);
	ldns_rdf_deep_free(previous);
	return r;
}

int dns_zone_text_add(struct dns_config *c, const char *file, const char *text, size_t n,
		      dns_zone_doubt_fn *doubt, void *data, struct err *e)
{
	struct reading z = { .c = c,
			     .file = file,
			     .doubt = doubt,
			     .data = data,
			     .e = e,
			     .text = text,
			     .n = n,
			     .line = 1 };

	if (!c->domain || dns_name_parse(c->domain, &z.domain) < 0)
		return err_set(e, ERR_CONFIG_UNSUPPORTED,
			       "%s: a zone needs the network's <domain name='…'/>", file);
	dns_name_lower(&z.domain);
	if (n > DNS_ZONE_TEXT_MAX)
		return err_set(e, ERR_CONFIG_UNSUPPORTED, "%s is larger than 1 MiB", file);
	if (n == 0)
		return 0;
	if (memchr(text, '\0', n))
		return err_set(e, ERR_CONFIG_UNSUPPORTED, "%s is no text file: it holds NULs",
			       file);
	FILE *fp = fmemopen((void *)(uintptr_t)text, n, "r");
	if (!fp)
		return err_sys(e, errno, "%s", file);
	table_init(&z.owners);
	int r = note_definition(&z);
	if (r == 0)
		r = read_all(&z, fp);
	owners_done(&z);
	fclose(fp);
	return r;
}
