"""How much mailbox providers take, and how a new sender begins: data, and what follows from it for a day."""
