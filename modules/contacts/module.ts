/** The contacts module. */
import { defineModule } from "fullfinity";
import { Contact, ContactTag, UserContact } from "./models/contact.ts";
import { ContactBehaviour } from "./models/contact-behaviour.ts";

export default defineModule({
  models: [ContactTag, Contact],
  extensions: [UserContact],
  behaviours: [ContactBehaviour],
});
