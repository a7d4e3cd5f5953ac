"""Organizations (Tix): small organizations that number, print, sell and scan their own tickets.

Owns numbering without gaps, the scan of a numbered ticket, its totals and print runs (`printing/`).
May not use the platform's tickets, orders or money: the two kinds of ticket share nothing but the table.
"""
