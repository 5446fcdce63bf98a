/** What is calculated of contacts, and what a form of one fills in by itself. */
import { effect, implementModel } from "fullfinity";

export const ContactBehaviour = implementModel("Contact", {
  calculate: {
    full_address: (contacts) =>
      contacts.map(({ street, zip, city, country }) => {
        const place = [zip, city].filter(isThere).join(" ");
        const lines = [street, place, country?.name].filter(isThere);
        return lines.length === 0 ? null : lines.join("\n");
      }),
  },
  effects: {
    parent: effect(
      { reads: ["parent.street", "parent.city", "parent.zip", "parent.country", "street", "city", "zip"] },
      ({ parent, street, city, zip }, { change }) => {
        // What people have written themselves stays.
        if (parent === null || isThere(street) || isThere(city) || isThere(zip)) return;
        const country = parent.country === null ? {} : { country: parent.country.id };
        change({ street: parent.street, city: parent.city, zip: parent.zip, ...country });
      },
    ),
    country: effect({ reads: ["country.currency"] }, ({ country }, { change }) => {
      if (country !== null && country.currency !== null) change({ currency: country.currency.id });
    }),
  },
});

function isThere(text: string | null | undefined): boolean {
  return text !== null && text !== undefined && text.trim() !== "";
}
