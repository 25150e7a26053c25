import java.lang.management.ManagementFactory;
import java.net.URI;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

import microsoft.exchange.webservices.data.core.ExchangeService;
import microsoft.exchange.webservices.data.core.enumeration.misc.ConnectingIdType;
import microsoft.exchange.webservices.data.core.enumeration.misc.ExchangeVersion;
import microsoft.exchange.webservices.data.core.enumeration.property.EmailAddressKey;
import microsoft.exchange.webservices.data.core.enumeration.property.MapiPropertyType;
import microsoft.exchange.webservices.data.core.enumeration.property.PhoneNumberKey;
import microsoft.exchange.webservices.data.core.enumeration.property.PhysicalAddressKey;
import microsoft.exchange.webservices.data.core.enumeration.property.WellKnownFolderName;
import microsoft.exchange.webservices.data.core.enumeration.service.MessageDisposition;
import microsoft.exchange.webservices.data.core.enumeration.service.ServiceResult;
import microsoft.exchange.webservices.data.core.service.item.Contact;
import microsoft.exchange.webservices.data.core.service.item.Item;
import microsoft.exchange.webservices.data.credential.WebCredentials;
import microsoft.exchange.webservices.data.misc.ImpersonatedUserId;
import microsoft.exchange.webservices.data.property.complex.EmailAddress;
import microsoft.exchange.webservices.data.property.complex.FolderId;
import microsoft.exchange.webservices.data.property.complex.PhysicalAddressEntry;
import microsoft.exchange.webservices.data.property.complex.StringList;
import microsoft.exchange.webservices.data.property.definition.ExtendedPropertyDefinition;

/**
 * ews-java-api writing contacts: what peers_bench.py measures. Arguments: the simulator's URL, then plans
 * contacts:chunk:threads. One JSON line for each plan: seconds and CPU of this process. A service is not thread safe, so each
 * mailbox has one of its own; the first plan warms the compiler up and is not told.
 */
public final class EwsPeer {
    private static final UUID SET = UUID.fromString("38b99066-ef57-4efc-a07f-0e0f6a97188e");
    private static final int EACH = 250; // contacts a mailbox

    private final ExtendedPropertyDefinition key;
    private final ExtendedPropertyDefinition hash;
    private final URI url;

    private EwsPeer(String base) throws Exception {
        url = new URI(base + "/EWS/Exchange.asmx");
        key = new ExtendedPropertyDefinition(SET, "RockSyncKey", MapiPropertyType.String);
        hash = new ExtendedPropertyDefinition(SET, "RockSyncHash", MapiPropertyType.String);
    }

    /** The contact of lib_bench.card(i). */
    private Contact contact(ExchangeService service, int i) throws Exception {
        Contact c = new Contact(service);
        c.setFileAs(String.format("Family%05d, Given%d", i, i));
        c.setDisplayName(String.format("Given%d Family%05d", i, i));
        c.setGivenName("Given" + i);
        c.setSurname(String.format("Family%05d", i));
        c.setCompanyName("Example Works");
        c.setJobTitle("Helper");
        c.setCategories(new StringList(Collections.singletonList("Following")));
        c.getEmailAddresses().setEmailAddress(EmailAddressKey.EmailAddress1, new EmailAddress("given" + i + "@example.org"));
        c.getPhoneNumbers().setPhoneNumber(PhoneNumberKey.MobilePhone, String.format("+1 602 555 %04d", i % 10000));
        c.getPhoneNumbers().setPhoneNumber(PhoneNumberKey.HomePhone, String.format("+1 480 555 %04d", i % 10000));
        PhysicalAddressEntry home = new PhysicalAddressEntry();
        home.setStreet(i + " Oak Street");
        home.setCity("Phoenix");
        home.setState("AZ");
        home.setPostalCode("85001");
        home.setCountryOrRegion("US");
        c.getPhysicalAddresses().setPhysicalAddress(PhysicalAddressKey.Home, home);
        c.setExtendedProperty(key, new UUID(0x1000L, i).toString());
        c.setExtendedProperty(hash, String.format("1:%016x:%032x", i, i));
        return c;
    }

    private Void write(String mailbox, int chunk) throws Exception {
        try (ExchangeService service = new ExchangeService(ExchangeVersion.Exchange2010_SP2)) {
            service.setUrl(url);
            service.setImpersonatedUserId(new ImpersonatedUserId(ConnectingIdType.SmtpAddress, mailbox));
            service.setCredentials(new WebCredentials("svc-sync", "secret"));
            FolderId folder = FolderId.getFolderIdFromWellKnownFolderName(WellKnownFolderName.Contacts);
            for (int from = 0; from < EACH; from += chunk) {
                List<Item> items = new ArrayList<>();
                for (int i = from; i < Math.min(EACH, from + chunk); i++) {
                    items.add(contact(service, i + 1));
                }
                if (service.createItems(items, folder, MessageDisposition.SaveOnly, null).getOverallResult() != ServiceResult.Success) {
                    throw new IllegalStateException("not every create was answered with an id");
                }
            }
        }
        return null;
    }

    private static double cpu() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime() / 1e9;
    }

    private String run(int contacts, int chunk, int threads, int number) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(threads);
        List<Future<Void>> open = new ArrayList<>();
        double wall = System.nanoTime() / 1e9;
        double used = cpu();
        int boxes = Math.max(1, contacts / EACH);
        for (int i = 0; i < boxes; i++) {
            String mailbox = "java" + number + "-" + i + "@church.example";
            open.add(pool.submit(() -> write(mailbox, chunk)));
        }
        for (Future<Void> f : open) {
            f.get();
        }
        wall = System.nanoTime() / 1e9 - wall;
        used = cpu() - used;
        pool.shutdown();
        int total = boxes * EACH;
        return String.format("{\"contacts\":%d,\"chunk\":%d,\"threads\":%d,\"per_s\":%.1f,\"cpu_us_each\":%.1f,\"version\":\"2.0 on Java %s\"}",
            total, chunk, threads, total / wall, used * 1e6 / total, System.getProperty("java.version"));
    }

    public static void main(String[] args) throws Exception {
        EwsPeer peer = new EwsPeer(args[0]);
        for (int n = 1; n < args.length; n++) {
            String[] plan = args[n].split(":");
            String line = peer.run(Integer.parseInt(plan[0]), Integer.parseInt(plan[1]), Integer.parseInt(plan[2]), n);
            if (n > 1) {
                System.out.println(line);
            }
        }
    }
}
