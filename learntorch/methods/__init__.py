"""The methods of a tensor, in rooms that mirror ops/. Read in chapter 01."""
