"""The assessment session: its row, its states, its owner. A verb's 2xx means that its transaction was committed."""
