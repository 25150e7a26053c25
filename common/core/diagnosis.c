#include "common/core/diagnosis.h"

#include <string.h>

struct row {
    const char *code; /* the error's code; a star at its end: all that begin so */
    const char *word; /* also in the error's text; NULL: any */
    const char *problem, *remedy;
};

/* clang-format off */
static const struct row rows[] = {
    {"conf", NULL, NULL, "contact-sync config print shows what is in force and where it comes from; docs/settings.md has all settings"},

    /* the way there */
    {"curl.6", NULL, "The name {host} is not known: DNS has no address for it.",
     "Check the name for typing errors, then ask from this machine: getent hosts {host}"},
    {"curl.7", NULL, "{host} has an address, but nothing accepts connections there.",
     "Check port and firewall from this machine: curl -v {url}"},
    {"curl.28", NULL, "{host} does not answer in time.",
     "Check the way from this machine (firewall, proxy, load): curl -v {url}"},
    {"curl.60", "expired", "The certificate of {host} has expired.",
     "Renew it on the server: New-ExchangeCertificate, then Enable-ExchangeCertificate -Services IIS"},
    {"curl.60", "self", "The certificate of {host} is signed by nobody whom this machine trusts.",
     "Put the certificate of the authority that signed it into a file and name it in exchange.ca_file (or rock.ca_file)"},
    {"curl.60", "issuer", "The certificate of {host} is signed by nobody whom this machine trusts.",
     "Put the certificate of the authority that signed it into a file and name it in exchange.ca_file (or rock.ca_file)"},
    {"curl.60", "name", "The certificate of {host} is made out to another name.",
     "Use the name that stands in the certificate in the setting, or get a certificate with this name"},
    {"curl.60", NULL, "The certificate of {host} cannot be trusted.", "Look at it: openssl s_client -connect {host}:443"},
    {"curl.35", NULL, "{host} and this machine agree on no way to encrypt, or it does not speak TLS there.",
     "Check the port; TLS 1.2 must be switched on at the server: openssl s_client -connect {host}:443"},
    {"tls.expires_soon", NULL, NULL, "Renew it on the server: New-ExchangeCertificate, then Enable-ExchangeCertificate -Services IIS"},
    {"http.address", NULL, "{host} has an address that is not allowed from here.",
     "Inside mail_domains private addresses are fine; else name the host in exchange.autodiscover_hosts if it is yours"},

    /* a test by a worker */
    {"probe.no_worker", NULL, "No worker has taken the test.",
     "Is contact-sync-producer running, which passes the question on, and a contact-sync-worker? Their logs say what is wrong"},
    {"probe.no_mailbox", NULL, "Nobody syncs to that address yet, so no worker can be asked about it.",
     "Leave --by-worker out: then this program tests it. Or wait for the first run after the person became eligible: contact-sync run"},
    {"probe.no_end", NULL, "The worker that took the test does not come to an end.", "Look at its log, then ask again"},

    /* the account */
    {"http.401", NULL, "Exchange refuses the name or the password of {user}.",
     "Check exchange.user, exchange.domain and the password file. Only then: contact-sync resume (too many tries lock the account)"},
    {"auth.refused", NULL, "Exchange refuses the name or the password of {user}.",
     "Check exchange.user, exchange.domain and the password file. Only then: contact-sync resume (too many tries lock the account)"},
    {"auth.not_offered", NULL, NULL, "Set exchange.auth to a way that the server offers: Get-WebServicesVirtualDirectory | fl *Authentication"},
    {"oauth.*", NULL, NULL, "Check tenant, client id and secret of the app registration, and that its consent was given"},
    {"http.403", NULL, "Exchange Web Services are closed to {user}: switched off, or only certain programs may use them.",
     "Set-CASMailbox {mailbox} -EwsEnabled $true; for all: Set-OrganizationConfig -EwsEnabled $true; "
     "with an allow list: Set-OrganizationConfig -EwsAllowList @{Add='contact-sync*'}"},
    {"http.404", NULL, "There is no Exchange Web Service at {url}.",
     "Set exchange.url to what the server says: Get-WebServicesVirtualDirectory | fl InternalUrl,ExternalUrl"},
    {"http.200", NULL, "A web page answered at {url} where Exchange should: a sign-in page, or another server.",
     "Publish /EWS without forms sign-in at the proxy, or set exchange.url to the server itself"},
    {"http.30*", NULL, "{host} sends us elsewhere (a sign-in page, or another server).",
     "Publish /EWS without forms sign-in at the proxy, or set exchange.url to the final address"},
    {"http.440", NULL, "A proxy with a sign-in form stands in front of {host}.", "Publish /EWS without forms sign-in at the proxy"},
    {"http.456", NULL, "The account {user} is locked or blocked.", "Unlock-ADAccount {user}; then: contact-sync resume"},
    {"http.503", NULL, "{host} is not available at the moment.", "Look at the server: Get-ServerComponentState; then try again"},
    {"ews.ErrorPasswordExpired", NULL, "The password of {user} has expired.",
     "Set a new one that does not expire: Set-ADUser {user} -PasswordNeverExpires $true; then: contact-sync resume"},
    {"ews.ErrorPasswordChangeRequired", NULL, "{user} has to choose a new password before anything else.",
     "Set-ADUser {user} -ChangePasswordAtLogon $false, with a new password; then: contact-sync resume"},
    {"ews.ErrorImpersonationDenied", NULL, "{user} may not act for other people: the role is missing.",
     "New-ManagementRoleAssignment -Name ContactSync -Role ApplicationImpersonation -User {user}"},
    {"ews.ErrorImpersonationFailed", NULL, "Exchange could not check whether {user} may act for {mailbox}: trouble with the directory.",
     "Test-ServiceHealth on the server; then try again"},
    {"ews.ErrorImpersonateUserDenied", NULL, "{user} may act for others, but not for {mailbox}: outside the scope of its role.",
     "Get-ManagementRoleAssignment -Role ApplicationImpersonation -RoleAssignee {user} | fl Name,CustomRecipientWriteScope; widen it: "
     "Set-ManagementScope SCOPE -RecipientRestrictionFilter ..."},
    {"ews.ErrorInvalidServerVersion", NULL, "The server does not know the version that exchange.version names.",
     "Set exchange.version to the server's (2010, 2013, 2016, 2019, SE), or leave it empty"},

    /* the mailbox */
    {"ews.ErrorNonExistentMailbox", NULL, "There is no mailbox {mailbox} on this server.",
     "Check the address in Rock. Get-Recipient {mailbox}: a mailbox in the cloud half of a hybrid is not reached from here"},
    {"ews.ErrorMissingEmailAddress", NULL, "There is no mailbox {mailbox} on this server.", "Check the address in Rock: Get-Recipient {mailbox}"},
    {"ews.ErrorInvalidSmtpAddress", NULL, "{mailbox} is no address of this server.", "Check the address in Rock: Get-Recipient {mailbox}"},
    {"ews.ErrorNonPrimarySmtpAddress", NULL, "{mailbox} is a second address of its mailbox.",
     "Use the primary one in Rock: Get-Mailbox {mailbox} | fl PrimarySmtpAddress"},
    {"ews.ErrorAccountDisabled", NULL, "The account of {mailbox} is disabled.", "Enable-ADAccount for it, or take the person out of the eligible group"},
    {"ews.ErrorQuotaExceeded", NULL, "The mailbox {mailbox} is full: it takes nothing new.",
     "Get-MailboxStatistics {mailbox} | fl TotalItemSize,StorageLimitStatus; make room, or raise it: Set-Mailbox {mailbox} -ProhibitSendReceiveQuota ..."},
    {"ews.ErrorMailboxMoveInProgress", NULL, "The mailbox {mailbox} is being moved.", "Wait for it: Get-MoveRequest {mailbox}"},
    {"ews.ErrorAccessDenied", NULL, "{user} is let into {mailbox}, but may not write there.",
     "Give it the role instead of single rights: New-ManagementRoleAssignment -Name ContactSync -Role ApplicationImpersonation -User {user}"},
    {"ews.ErrorServerBusy", NULL, "Exchange has no time for {mailbox} right now (throttling).",
     "It goes on by itself. For a large church give the account a policy of its own: New-ThrottlingPolicy, Set-ThrottlingPolicyAssociation {user}"},
    {"ews.ErrorOrganizationAccessBlocked", NULL, "The organisation blocks access to {mailbox}.", "Set-OrganizationConfig -EwsEnabled $true"},
    {"folder.foreign", NULL, "The folder that exchange.folder names is there in {mailbox} and is not ours.",
     "Choose another name in exchange.folder, or ask the user to rename theirs"},

    /* discovery */
    {"exchange.online", NULL, NULL, "Plan the move of these mailboxes to the Microsoft Graph back end; docs/sign-in.md has the dates"},
    {"autodiscover.host", NULL, NULL,
     "If that host is yours (or your provider's), name it in exchange.autodiscover_hosts; credentials go nowhere else"},
    {"autodiscover.address", NULL, NULL,
     "A private address is fine for hosts inside mail_domains; others are named in exchange.allow_addresses"},
    {"autodiscover.InvalidUser", NULL, NULL, "Check the address in Rock: Get-Recipient {mailbox}"},
    {"autodiscover.tls", NULL, NULL,
     "Put the certificate of the authority that signed the server's into a file and name it in exchange.ca_file"},
    {"autodiscover.*", NULL, NULL, "Publish Autodiscover for the domain, or set exchange.url to the server's /EWS/Exchange.asmx"},

    /* Rock */
    {"rock.401", "rock.token_file", NULL, "In Rock: Admin Tools > Security > REST Keys: is the key of the file there and active? If so, give its user View on what the text "
     "names: Admin Tools > Security > REST Controllers"},
    {"rock.401", NULL, NULL, "In Rock: Admin Tools > Security > REST Controllers, give the key's user View on what the text names"},
    {"rock.404", NULL, "There is no Rock REST service at {url}.", "Check rock.url: it is the address of the site, without /api"},
    {"rock.html", NULL, NULL, "After a restart Rock needs a minute or two: try again. Still so: open {url} in a browser and see what is there"},
    {"rock.503", NULL, NULL, "Rock is starting or overloaded: try again in a minute"},
    {"rock.eligible_group", NULL, NULL, "Set eligible_group to the Guid of the group as Rock shows it"},
    {"rock.3*", NULL, NULL, "Set rock.url to the address that a browser ends up at"},

    /* Kafka */
    {"kafka._SSL", NULL, NULL, "Check kafka.security.protocol and kafka.ssl.ca.location"},
    {"kafka._AUTHENTICATION", "SCRAM", NULL,
     "librdkafka before 2.6.1 cannot sign in by SCRAM to brokers 4.x: use kafka.sasl.mechanism=PLAIN over TLS, or a newer librdkafka"},
    {"kafka._AUTHENTICATION", NULL, NULL, "Check kafka.sasl.mechanism, kafka.sasl.username and kafka.sasl.password"},
    {"kafka.scram", NULL, NULL, "Use kafka.sasl.mechanism=PLAIN over TLS, or librdkafka 2.6.1 or newer"},
    {"kafka.no_topic", NULL, NULL, "Start a producer or worker once (they make the topics), or make them by hand with cleanup.policy=delete"},
    {"kafka.retention", NULL, NULL, "kafka-configs.sh --alter --topic TOPIC --add-config retention.ms=604800000"},
    {"kafka.compacted", NULL, NULL, "kafka-configs.sh --alter --topic TOPIC --add-config cleanup.policy=delete"},
    {"kafka.*", NULL, NULL, "Check kafka.bootstrap.servers and that a broker runs there"},

    /* PostgreSQL */
    {"migrate.version", NULL, NULL, "contact-sync migrate"},
    {"pg.synchronous_commit", NULL, NULL,
     "ALTER DATABASE ... SET synchronous_commit = on; without it a crash of the server can lose what was promised to be there"},
    {"pg.fsync", NULL, NULL, "fsync = on in postgresql.conf, then reload: without it a power failure can destroy the database"},
    {"pg.28*", NULL, NULL, "Check user and password in postgres.dsn, and pg_hba.conf on the server"},
    {"pg.3D000", NULL, NULL, "Make the database: createdb; then: contact-sync migrate"},
    {"pg.*", NULL, NULL, "Check postgres.dsn and that the server runs"},
};
/* clang-format on */

const char diagnosis_online[] = "This is Exchange Online. Microsoft ends Exchange Web Services "
                                "there: a mailbox in the cloud needs the "
                                "Microsoft Graph back end.";

static bool fits(const struct row *r, const struct err *err)
{
    size_t n = strlen(r->code);
    bool star = n && r->code[n - 1] == '*';
    bool code = star ? strncmp(err->code, r->code, n - 1) == 0 : strcmp(err->code, r->code) == 0;

    return code && (!r->word || strstr(err->text, r->word));
}

/* The names in braces come from the settings: short, and of one line by then. */
static const char *fact(const char *name, const struct diagnosis_facts *f)
{
    const struct {
        const char *name, *value;
    } known[] = {
        {"{user}", f->user}, {"{mailbox}", f->mailbox}, {"{host}", f->host}, {"{url}", f->url}};

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strncmp(name, known[i].name, strlen(known[i].name)) == 0)
            return known[i].value && *known[i].value ? known[i].value : "?";
    return NULL;
}

static void add(struct str *out, const char *text, const struct diagnosis_facts *f)
{
    for (const char *p = text; *p;) {
        const char *value = *p == '{' ? fact(p, f) : NULL;
        if (value) {
            str_puts(out, value);
            p = strchr(p, '}') + 1;
        } else {
            str_putc(out, *p++);
        }
    }
}

void diagnosis_of(const struct err *err,
                  const struct diagnosis_facts *facts,
                  struct str *problem,
                  struct str *remedy)
{
    const struct row *row = NULL;

    for (size_t i = 0; !row && i < sizeof(rows) / sizeof(rows[0]); i++)
        if (fits(&rows[i], err))
            row = &rows[i];
    add(problem, row && row->problem ? row->problem : err->text, facts);
    if (row)
        add(remedy, row->remedy, facts);
}
