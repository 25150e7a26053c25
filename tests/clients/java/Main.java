import java.net.URI;
import java.util.UUID;

import microsoft.exchange.webservices.data.core.ExchangeService;
import microsoft.exchange.webservices.data.core.PropertySet;
import microsoft.exchange.webservices.data.core.enumeration.misc.ConnectingIdType;
import microsoft.exchange.webservices.data.core.enumeration.misc.ExchangeVersion;
import microsoft.exchange.webservices.data.core.enumeration.property.BasePropertySet;
import microsoft.exchange.webservices.data.core.enumeration.property.EmailAddressKey;
import microsoft.exchange.webservices.data.core.enumeration.property.MapiPropertyType;
import microsoft.exchange.webservices.data.core.enumeration.property.PhoneNumberKey;
import microsoft.exchange.webservices.data.core.enumeration.property.WellKnownFolderName;
import microsoft.exchange.webservices.data.core.enumeration.service.ConflictResolutionMode;
import microsoft.exchange.webservices.data.core.enumeration.service.DeleteMode;
import microsoft.exchange.webservices.data.core.enumeration.service.SyncFolderItemsScope;
import microsoft.exchange.webservices.data.core.enumeration.sync.ChangeType;
import microsoft.exchange.webservices.data.core.service.item.Contact;
import microsoft.exchange.webservices.data.core.service.schema.ItemSchema;
import microsoft.exchange.webservices.data.credential.WebCredentials;
import microsoft.exchange.webservices.data.misc.ImpersonatedUserId;
import microsoft.exchange.webservices.data.property.complex.EmailAddress;
import microsoft.exchange.webservices.data.property.complex.FolderId;
import microsoft.exchange.webservices.data.property.definition.ExtendedPropertyDefinition;
import microsoft.exchange.webservices.data.search.FindItemsResults;
import microsoft.exchange.webservices.data.search.ItemView;
import microsoft.exchange.webservices.data.search.filter.SearchFilter;
import microsoft.exchange.webservices.data.sync.ChangeCollection;
import microsoft.exchange.webservices.data.sync.ItemChange;

/**
 * A contact's round trip by ews-java-api: create, find by an extended property, update, delete, and
 * SyncFolderItems over all of it. Arguments: URL MAILBOX USER PASSWORD DOMAIN ("-": none). Ends with
 * 0 and one line.
 */
public final class Main {
    private static final UUID SET = UUID.fromString("38b99066-ef57-4efc-a07f-0e0f6a97188e");
    private static final int CONTACTS = 5;

    private final ExchangeService service = new ExchangeService(ExchangeVersion.Exchange2010_SP2);
    private final ExtendedPropertyDefinition key;
    private String syncState;

    private Main(String[] a) throws Exception {
        service.setUrl(new URI(a[0]));
        service.setImpersonatedUserId(new ImpersonatedUserId(ConnectingIdType.SmtpAddress, a[1]));
        service.setCredentials(a[4].equals("-") ? new WebCredentials(a[2], a[3])
                                                : new WebCredentials(a[2], a[3], a[4]));
        key = new ExtendedPropertyDefinition(SET, "RockSyncKey", MapiPropertyType.String);
    }

    private static void check(boolean ok, String what) {
        if (!ok) {
            throw new IllegalStateException(what);
        }
    }

    private void create(int n) throws Exception {
        Contact c = new Contact(service);
        c.setGivenName("Round " + n);
        c.setSurname("Trip é");
        c.setDisplayName("Round " + n + " Trip");
        c.setCompanyName("Lot & <Sons>");
        c.getPhoneNumbers().setPhoneNumber(PhoneNumberKey.MobilePhone, "+1 217 555 010" + n);
        c.getEmailAddresses().setEmailAddress(EmailAddressKey.EmailAddress1, new EmailAddress("round" + n + "@example.org"));
        c.setExtendedProperty(key, "java-" + n);
        c.save(WellKnownFolderName.Contacts);
        check(c.getId() != null, "the create is answered with an id");
    }

    private Contact find(int n) throws Exception {
        ItemView view = new ItemView(10);
        view.setPropertySet(new PropertySet(BasePropertySet.IdOnly, ItemSchema.Subject, key));
        FindItemsResults<microsoft.exchange.webservices.data.core.service.item.Item> found =
            service.findItems(WellKnownFolderName.Contacts, new SearchFilter.IsEqualTo(key, "java-" + n), view);
        if (found.getTotalCount() == 0) {
            return null;
        }
        check(found.getTotalCount() == 1, "one contact by key");
        return Contact.bind(service, found.getItems().get(0).getId(),
            new PropertySet(BasePropertySet.FirstClassProperties, key));
    }

    private void update() throws Exception {
        Contact c = find(2);
        check(c.getGivenName().equals("Round 2") && c.getSurname().equals("Trip é"), "the fields as they were written");
        c.setGivenName("Edited");
        c.setCompanyName(null);
        c.getPhoneNumbers().setPhoneNumber(PhoneNumberKey.MobilePhone, "+1 217 555 0199");
        c.update(ConflictResolutionMode.AutoResolve);
        Contact again = find(2);
        check(again.getGivenName().equals("Edited"), "an edited field");
        check(again.getPhoneNumbers().getPhoneNumber(PhoneNumberKey.MobilePhone).equals("+1 217 555 0199"), "an edited number");
        check(again.getSurname().equals("Trip é"), "the rest stays");
    }

    /** Changes since the last call: created, updated, deleted. */
    private int[] sync() throws Exception {
        int[] n = new int[3];
        ChangeCollection<ItemChange> changes;
        do {
            changes = service.syncFolderItems(FolderId.getFolderIdFromWellKnownFolderName(WellKnownFolderName.Contacts),
                new PropertySet(BasePropertySet.IdOnly), null, 100, SyncFolderItemsScope.NormalItems, syncState);
            syncState = changes.getSyncState();
            for (ItemChange c : changes) {
                n[c.getChangeType() == ChangeType.Create ? 0 : c.getChangeType() == ChangeType.Delete ? 2 : 1]++;
            }
        } while (changes.getMoreChangesAvailable());
        return n;
    }

    private void run() throws Exception {
        int before = sync()[0];
        for (int i = 0; i < CONTACTS; i++) {
            create(i);
        }
        check(find(99) == null, "an unknown key finds nothing");
        check(sync()[0] == CONTACTS, "the sync shows what was created");
        update();
        check(sync()[1] == 1, "the sync shows what was updated");
        for (int i = 0; i < CONTACTS; i++) {
            find(i).delete(i == 0 ? DeleteMode.MoveToDeletedItems : DeleteMode.HardDelete);
        }
        check(find(1) == null, "a deleted contact is gone");
        check(sync()[2] == CONTACTS, "the sync shows what was deleted");
        System.out.println("ews-java-api round trip: ok (" + before + " there before, " + CONTACTS + " made, changed, deleted)");
    }

    public static void main(String[] args) throws Exception {
        new Main(args).run();
    }
}
