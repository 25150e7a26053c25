/*
 * Negotiate by GSS-API: does the client's token decrypt with the keytab? Built where krb5-gssapi is
 * there.
 */
#include <string.h>

#include "tests/sim/exchange/sx_auth_p.h"

#ifdef SX_WITH_GSSAPI
#    include <gssapi/gssapi.h>
#    include <gssapi/gssapi_krb5.h>

#    include "common/base/digest.h"

enum { TOKEN_MAX = 65536 };

struct sx_gss_call {
    gss_ctx_id_t context;
};

bool sx_negotiate_there(void)
{
    return true;
}

void sx_negotiate_end(struct sx_gss_call **call)
{
    OM_uint32 minor;
    if (!*call)
        return;
    gss_delete_sec_context(&minor, &(*call)->context, GSS_C_NO_BUFFER);
    free(*call);
    *call = NULL;
}

/* "svc-sync@CHURCH.EXAMPLE" is svc-sync. */
static bool is_user(gss_name_t name, const char *user)
{
    OM_uint32 minor;
    gss_buffer_desc text = GSS_C_EMPTY_BUFFER;
    if (gss_display_name(&minor, name, &text, NULL) != GSS_S_COMPLETE)
        return false;
    const char *at = memchr(text.value, '@', text.length);
    size_t n = at ? (size_t)(at - (const char *)text.value) : text.length;
    bool ok = n == strlen(user) && strncasecmp(text.value, user, n) == 0;
    gss_release_buffer(&minor, &text);
    return ok;
}

static int accept_token(
    struct sx_gss_call *call, gss_buffer_t in, const char *user, gss_buffer_t out, gss_name_t *name)
{
    OM_uint32 minor, major = gss_accept_sec_context(&minor, &call->context, GSS_C_NO_CREDENTIAL, in,
                                                    GSS_C_NO_CHANNEL_BINDINGS, name, NULL, out,
                                                    NULL, NULL, NULL);
    if (major == GSS_S_CONTINUE_NEEDED)
        return 0;
    return major == GSS_S_COMPLETE && is_user(*name, user) ? 1 : -1;
}

int sx_negotiate_accept(struct sx_gss_call **call,
                        const char *keytab,
                        const char *user,
                        const char *token,
                        char **ret_answer)
{
    uint8_t *bytes = xalloc(TOKEN_MAX);
    long n = base64_decode(token, strlen(token), bytes, TOKEN_MAX);
    OM_uint32 minor;
    gss_buffer_desc in = {n > 0 ? (size_t)n : 0, bytes}, out = GSS_C_EMPTY_BUFFER;
    gss_name_t name = GSS_C_NO_NAME;
    autovalue(str_release) struct str text = STR_INIT(2 * TOKEN_MAX);
    *ret_answer = NULL;
    if (!*call)
        *call = xalloc(sizeof(**call));
    gsskrb5_register_acceptor_identity(keytab);
    int r = n > 0 ? accept_token(*call, &in, user, &out, &name) : -1;
    if (out.length) {
        base64_encode(&text, out.value, out.length);
        *ret_answer = str_steal(&text);
    }
    gss_release_buffer(&minor, &out);
    gss_release_name(&minor, &name);
    free(bytes);
    if (r)
        sx_negotiate_end(call);
    return r;
}

#else

bool sx_negotiate_there(void)
{
    return false;
}

int sx_negotiate_accept(struct sx_gss_call **call,
                        const char *keytab,
                        const char *user,
                        const char *token,
                        char **ret_answer)
{
    (void)call, (void)keytab, (void)user, (void)token;
    *ret_answer = NULL;
    return -1;
}

void sx_negotiate_end(struct sx_gss_call **call)
{
    *call = NULL;
}

#endif
