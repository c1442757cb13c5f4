"""What a run says, the shortest first: a headline, four cards, and the same without a page."""
