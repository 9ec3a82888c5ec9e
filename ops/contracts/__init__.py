"""What is made from the contracts: the AsyncAPI document, the page for people, the released schemas and their gate."""
